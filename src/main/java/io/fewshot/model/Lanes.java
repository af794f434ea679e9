package io.fewshot.model;

import ai.djl.pytorch.jni.JniUtils;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Runs the passes of a batch side by side, one core each. Two passes on a core each take less time
 * than one after the other on both: what is too small to be shared among threads, and the
 * interpreter, then keep all cores busy, and no thread waits for another after each operation. A
 * single pass has all cores for itself. The same holds for the passes of a training step, whose
 * backward half is hundreds of small operations.
 *
 * <p>PyTorch's number of threads belongs to the calling thread (OpenMP's {@code nthreads-var}), so
 * each lane sets its own.
 *
 * <p>Owns its threads. Callers at once share them.
 */
final class Lanes implements AutoCloseable {

  private static final Duration CLOSING = Duration.ofSeconds(30);

  private final int cores;
  private final ExecutorService executor;

  /**
   * @param cores as many passes run at once
   */
  Lanes(int cores, String name) {
    this.cores = cores;
    AtomicInteger count = new AtomicInteger();
    this.executor =
        Executors.newFixedThreadPool(
            cores,
            task -> {
              Thread thread = new Thread(task, name + " lane " + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  int count() {
    return cores;
  }

  /** How many passes of like cost to make of work that takes so many: no lane is left idle. */
  static int passes(int needed, int lanes) {
    return lanes * ((Math.max(1, needed) + lanes - 1) / lanes);
  }

  /**
   * @return the results in the order of the passes
   * @throws RuntimeException what the first pass that failed threw, after all have ended
   */
  <P, R> List<R> run(List<P> passes, Function<P, R> compute) {
    return run(passes, Math.max(1, cores / Math.max(1, passes.size())), compute);
  }

  /**
   * @param threads of each pass; for small ones more than one cost more than they bring
   */
  <P, R> List<R> run(List<P> passes, int threads, Function<P, R> compute) {
    List<Future<R>> futures = new ArrayList<>();
    for (P pass : passes) {
      futures.add(
          executor.submit(
              () -> {
                setThreads(threads);
                return compute.apply(pass);
              }));
    }
    return results(futures);
  }

  /** Runs one computation with all cores. */
  <R> R alone(Supplier<R> compute) {
    return run(List.of(compute), Supplier::get).get(0);
  }

  private static void setThreads(int threads) {
    // Asked first: PyTorch gives a thread the general number at its first use, and only then its
    // own
    // counts.
    if (JniUtils.getNumThreads() != threads) {
      JniUtils.setNumThreads(threads);
    }
  }

  private static <R> List<R> results(List<Future<R>> futures) {
    List<R> results = new ArrayList<>();
    RuntimeException failure = null;
    boolean interrupted = false;
    for (Future<R> future : futures) {
      while (true) {
        try {
          results.add(future.get());
          break;
        } catch (InterruptedException e) {
          // What the passes read may be freed when this returns, so it waits for them.
          interrupted = true;
        } catch (ExecutionException e) {
          RuntimeException cause = unchecked(e);
          failure = failure == null ? cause : failure;
          break;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure != null) {
      throw failure;
    }
    return results;
  }

  private static RuntimeException unchecked(ExecutionException e) {
    return e.getCause() instanceof RuntimeException cause
        ? cause
        : new ModelException("A pass failed: " + e.getCause(), e);
  }

  @Override
  public void close() {
    executor.shutdown();
    Uninterrupted.await(
        CLOSING, millis -> executor.awaitTermination(millis, TimeUnit.MILLISECONDS));
  }
}
