package io.fewshot.model;

import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Threads that each compute alone. A backward pass is hundreds of small operations: shared among
 * cores, each would end in waiting for the slowest, which on a busy machine costs ten times the
 * arithmetic. Owns its threads.
 */
final class SingleThreads implements AutoCloseable {

  private final List<ExecutorService> workers = new ArrayList<>();

  SingleThreads(int count) {
    for (int i = 0; i < count; i++) {
      String name = "fine-tuning-" + i;
      workers.add(
          Executors.newSingleThreadExecutor(
              task -> {
                Thread thread = new Thread(task, name);
                thread.setDaemon(true);
                return thread;
              }));
    }
    List<Callable<Boolean>> alone = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      alone.add(
          () -> {
            // PyTorch gives a thread the general number at its first use; only then its own counts.
            int general = JniUtils.getNumThreads();
            JniUtils.setNumThreads(1);
            return general > 0;
          });
    }
    synchronized (SingleThreads.class) {
      all(alone);
      // The setting is also the general one.
      JniUtils.setNumThreads(TorchEngine.threads());
    }
  }

  int count() {
    return workers.size();
  }

  /**
   * Runs at most one task on each thread.
   *
   * @return what they gave, in order
   * @throws ModelException when the calling thread is interrupted; the tasks end first
   */
  <T> List<T> all(List<Callable<T>> tasks) {
    List<Future<T>> futures = new ArrayList<>();
    for (int i = 0; i < tasks.size(); i++) {
      futures.add(workers.get(i).submit(tasks.get(i)));
    }
    List<T> results = new ArrayList<>();
    RuntimeException failure = null;
    boolean interrupted = false;
    for (Future<T> future : futures) {
      boolean waiting = true;
      while (waiting) {
        try {
          results.add(future.get());
          waiting = false;
        } catch (InterruptedException e) {
          // They use memory of the caller's: it must not go on before they are done.
          interrupted = true;
        } catch (ExecutionException | CancellationException e) {
          Throwable cause = e.getCause() == null ? e : e.getCause();
          failure = new ModelException("A training step failed: " + TorchEngine.oneLine(cause), e);
          waiting = false;
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

  @Override
  public void close() {
    workers.forEach(ExecutorService::shutdownNow);
  }
}
