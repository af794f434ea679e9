package io.fewshot.stream;

import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.memory.Embedding;
import io.fewshot.stream.BatchComputation.Outcome;
import io.fewshot.stream.PatientEncoder.Wanted;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Computes the vectors of large imports beside the stream threads, one batch at a time in the whole
 * process, so that a stream thread is never busy with them while a correction waits. Tasks take
 * turns, whichever partitions their batches come from. Only computing happens here: what was
 * computed is written by the stream thread that asked for it. Safe for use by several threads.
 */
final class BulkEncoder {

  private static final Duration IDLE = Duration.ofSeconds(5);

  private final PatientEncoder encoder;
  private final Executor executor;

  // Guarded by this.
  private final TaskTurns<Batch> waiting = new TaskTurns<>();

  /** A batch that is being computed, or waits for its turn. */
  final class Batch {

    private final Collection<Wanted> texts;
    private final long now;
    private volatile @Nullable Map<Wanted, Outcome<Embedding>> outcomes;
    private volatile boolean cancelled;

    private Batch(Collection<Wanted> texts, long now) {
      this.texts = texts;
      this.now = now;
    }

    boolean isDone() {
      return outcomes != null;
    }

    /** What became of each text, once it is done. */
    Map<Wanted, Outcome<Embedding>> outcomes() {
      Map<Wanted, Outcome<Embedding>> computed = outcomes;
      if (computed == null) {
        throw new IllegalStateException("the batch is not computed yet");
      }
      return computed;
    }

    /** Nobody waits for it any more. */
    void cancel() {
      cancelled = true;
    }

    private void compute() {
      if (cancelled) {
        return;
      }
      Map<Wanted, Outcome<Embedding>> computed = new HashMap<>();
      NotReadyException unknown = new NotReadyException("the batch ended unexpectedly");
      texts.forEach(text -> computed.put(text, new Outcome.NotReady<>(unknown)));
      try {
        computed.putAll(encoder.encode(texts, now));
      } finally {
        // Whatever happened: who waits for a batch that never ends waits for ever.
        outcomes = computed;
      }
    }
  }

  /**
   * @param executor where it computes
   */
  BulkEncoder(PatientEncoder encoder, Executor executor) {
    this.encoder = encoder;
    this.executor = executor;
  }

  /** A thread that ends when it has nothing to do, so nobody needs to close it. */
  static Executor thread() {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(),
            work -> {
              Thread thread = new Thread(work, "fewshot-encode");
              thread.setDaemon(true);
              return thread;
            });
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  /**
   * Starts to compute a batch when it is its task's turn.
   *
   * @param now milliseconds since the epoch
   */
  Batch start(String task, Collection<Wanted> texts, long now) {
    Batch batch = new Batch(texts, now);
    synchronized (this) {
      waiting.add(task, batch);
    }
    executor.execute(() -> next().ifPresent(Batch::compute));
    return batch;
  }

  private synchronized Optional<Batch> next() {
    List<Batch> next = waiting.take(task -> true, 1);
    return next.stream().findFirst();
  }
}
