package io.fewshot.model;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker thread that joins the requests of several threads into batches. Bounded: who submits
 * waits while the queue is full. Urgent requests go ahead of normal ones; within each lane the
 * order of arrival holds. While the worker computes, requests gather, so that batches grow with the
 * load and nobody waits for company that may not come.
 *
 * <p>A batch that fails fails for all that were joined in it only if it was one call's: otherwise
 * the calls are tried again one by one, so that a bad request costs only its own caller.
 *
 * <p>Owns its worker thread. Closing lets the batch in progress end, and fails what still waits.
 *
 * @param <Q> a request
 * @param <R> its result
 */
public final class BatchingQueue<Q, R> implements AutoCloseable {

  /** Which requests go first. */
  public enum Lane {
    URGENT,
    NORMAL
  }

  /** Told of what happens, in the worker's thread; for metrics. */
  public interface Listener {

    /** Hears nothing. */
    Listener NONE = (requests, waiting, waited, computed) -> {};

    /**
     * A batch was computed, or failed.
     *
     * @param requests in the batch
     * @param waiting requests in the queue after it was taken
     * @param waited by the call that waited longest
     * @param computed how long the computation took
     */
    void batch(int requests, int waiting, Duration waited, Duration computed);
  }

  private static final Logger LOG = LoggerFactory.getLogger(BatchingQueue.class);
  private static final Duration CLOSING = Duration.ofSeconds(30);

  private final String name;
  private final Function<List<Q>, List<R>> compute;
  private final ToIntFunction<Q> weight;
  private final int capacity;
  private final int maxBatchWeight;
  private final Listener listener;
  private final Thread worker;

  // Guarded by this.
  private final Deque<Call<Q, R>> urgent = new ArrayDeque<>();
  private final Deque<Call<Q, R>> normal = new ArrayDeque<>();
  private int waiting;
  private boolean closed;

  private record Call<Q, R>(
      List<Q> requests, int weight, long since, CompletableFuture<List<R>> result) {}

  /**
   * @param name of the worker thread and in messages
   * @param compute gives a result for each request of a batch, in order
   * @param weight of a request, for instance its tokens
   * @param capacity requests that may wait
   * @param maxBatchWeight of a batch; a call that alone is heavier forms a batch of its own
   */
  public BatchingQueue(
      String name,
      Function<List<Q>, List<R>> compute,
      ToIntFunction<Q> weight,
      int capacity,
      int maxBatchWeight,
      Listener listener) {
    this.name = name;
    this.compute = compute;
    this.weight = weight;
    this.capacity = capacity;
    this.maxBatchWeight = maxBatchWeight;
    this.listener = listener;
    this.worker = new Thread(this::work, name);
    worker.setDaemon(true);
    worker.start();
  }

  /**
   * Computes, in a batch with whatever else waits.
   *
   * @return a result for each request, in order
   * @throws ModelException when the queue is closed, or the calling thread is interrupted
   * @throws RuntimeException what the computation threw
   */
  public List<R> call(List<Q> requests, Lane lane) {
    if (requests.isEmpty()) {
      return List.of();
    }
    int total = requests.stream().mapToInt(weight).sum();
    Call<Q, R> call =
        new Call<>(List.copyOf(requests), total, System.nanoTime(), new CompletableFuture<>());
    try {
      enqueue(call, lane);
      return call.result.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ModelException("Interrupted while waiting for " + name, e);
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new ModelException(name + " failed: " + e.getCause(), e);
    }
  }

  /** Requests that wait, those being computed left out. */
  public synchronized int waiting() {
    return waiting;
  }

  private synchronized void enqueue(Call<Q, R> call, Lane lane) throws InterruptedException {
    // A call larger than the queue may enter when the queue is empty.
    while (!closed && waiting > 0 && waiting + call.requests.size() > capacity) {
      wait();
    }
    if (closed) {
      throw closedException();
    }
    (lane == Lane.URGENT ? urgent : normal).add(call);
    waiting += call.requests.size();
    notifyAll();
  }

  private void work() {
    while (true) {
      List<Call<Q, R>> batch;
      int left;
      synchronized (this) {
        while (!closed && waiting == 0) {
          try {
            wait();
          } catch (InterruptedException e) {
            // Only close() ends the worker.
          }
        }
        if (closed) {
          return;
        }
        batch = take();
        left = waiting;
        notifyAll();
      }
      run(batch, left);
    }
  }

  /** The calls at the front that fit into a batch, at least one; urgent ones first. */
  private List<Call<Q, R>> take() {
    List<Call<Q, R>> batch = new ArrayList<>();
    int total = 0;
    for (Deque<Call<Q, R>> lane : List.of(urgent, normal)) {
      while (!lane.isEmpty()
          && (batch.isEmpty() || total + lane.getFirst().weight <= maxBatchWeight)) {
        Call<Q, R> call = lane.removeFirst();
        batch.add(call);
        total += call.weight;
        waiting -= call.requests.size();
      }
    }
    return batch;
  }

  private void run(List<Call<Q, R>> batch, int left) {
    long start = System.nanoTime();
    long since = batch.stream().mapToLong(Call::since).min().orElse(start);
    List<Q> requests = batch.stream().flatMap(call -> call.requests.stream()).toList();
    try {
      List<R> results = compute.apply(requests);
      int from = 0;
      for (Call<Q, R> call : batch) {
        int to = from + call.requests.size();
        call.result.complete(List.copyOf(results.subList(from, to)));
        from = to;
      }
    } catch (RuntimeException | Error e) {
      if (batch.size() == 1) {
        batch.get(0).result.completeExceptionally(e);
      } else {
        batch.forEach(call -> run(List.of(call), left));
      }
      return;
    }
    tell(requests.size(), left, start - since, System.nanoTime() - start);
  }

  /** Who listens must not end the worker, on whom everybody waits. */
  private void tell(int requests, int left, long waited, long computed) {
    try {
      listener.batch(requests, left, Duration.ofNanos(waited), Duration.ofNanos(computed));
    } catch (RuntimeException | Error e) {
      LOG.warn("{}: who listens to its batches failed: {}", name, e.toString());
    }
  }

  private ModelException closedException() {
    return new ModelException(name + " is closed");
  }

  /** Waits for the batch in progress; calls still waiting fail. May be called again. */
  @Override
  public void close() {
    List<Call<Q, R>> left = new ArrayList<>();
    synchronized (this) {
      closed = true;
      left.addAll(urgent);
      left.addAll(normal);
      urgent.clear();
      normal.clear();
      waiting = 0;
      notifyAll();
    }
    left.forEach(call -> call.result.completeExceptionally(closedException()));
    if (Thread.currentThread() != worker) {
      Uninterrupted.await(CLOSING, worker::join);
    }
  }
}
