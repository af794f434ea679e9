package io.fewshot.stream;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads on which batches wait for the language model, so that no stream thread does: there a
 * batch of seconds would hold up the fast answers of all its partitions and keep its transaction
 * open. The model joins what several batches ask (see SharedLanguageModel), so a few threads are
 * enough.
 *
 * <p>Tasks take turns, and none has more than half of the threads, so that the slow batches of one
 * leave room for another's. What waits here is bounded by those who submit: each partition has at
 * most one batch of a task under way.
 *
 * <p>Owns its threads from construction until it is closed.
 */
final class InferenceWorkers implements AutoCloseable, InferenceExecutor {

  private static final Logger LOG = LoggerFactory.getLogger(InferenceWorkers.class);
  private static final int THREADS = 4;
  private static final int MAX_OF_TASK = THREADS / 2;

  // Guarded by this.
  private final Map<String, Deque<Runnable>> waiting = new LinkedHashMap<>();
  private final Map<String, Integer> running = new HashMap<>();
  private boolean closed;

  private final List<Thread> threads = new ArrayList<>();

  private record Job(String task, Runnable work) {}

  InferenceWorkers() {
    for (int i = 0; i < THREADS; i++) {
      Thread thread = new Thread(this::work, "fewshot-inference-" + i);
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  @Override
  public synchronized void execute(String task, Runnable work) {
    waiting.computeIfAbsent(task, name -> new ArrayDeque<>()).add(work);
    notifyAll();
  }

  private void work() {
    for (Job job = next(null); job != null; job = next(job)) {
      try {
        job.work.run();
      } catch (RuntimeException | Error e) {
        // Work reports its own failures; whatever is left must not end the thread.
        LOG.error("A batch of task {} ended unexpectedly", job.task, e);
      }
    }
  }

  /** The next work, waited for; null when this is closed. */
  private synchronized @Nullable Job next(@Nullable Job done) {
    if (done != null) {
      running.computeIfPresent(done.task, (task, count) -> count == 1 ? null : count - 1);
      notifyAll();
    }
    while (!closed) {
      for (Map.Entry<String, Deque<Runnable>> entry : waiting.entrySet()) {
        String task = entry.getKey();
        if (running.getOrDefault(task, 0) < MAX_OF_TASK) {
          Runnable work = entry.getValue().removeFirst();
          // To the end of the line.
          Deque<Runnable> rest = waiting.remove(task);
          if (rest != null && !rest.isEmpty()) {
            waiting.put(task, rest);
          }
          running.merge(task, 1, Integer::sum);
          return new Job(task, work);
        }
      }
      try {
        wait();
      } catch (InterruptedException e) {
        // Only close() ends a worker.
      }
    }
    return null;
  }

  /** Lets what is computed end by itself; what waits is dropped, its records are buffered. */
  @Override
  public synchronized void close() {
    closed = true;
    waiting.clear();
    notifyAll();
  }
}
