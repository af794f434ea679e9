package io.fewshot.stream;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which tasks have had messages lately, in the whole process: a task that is alone gets large
 * batches, and one that is not gets short ones, since every other's message waits for as many of
 * them as its thread has partitions. Safe for use by several threads.
 */
final class TaskActivity {

  private static final long LATELY_MILLIS = 5_000;

  private final Map<String, Long> seenAt = new ConcurrentHashMap<>();

  /**
   * @param now milliseconds since the epoch
   */
  void seen(String task, long now) {
    seenAt.put(task, now);
  }

  /** Whether no other task has had a message lately. */
  boolean isAlone(String task, long now) {
    seenAt.values().removeIf(at -> now - at > LATELY_MILLIS);
    return seenAt.keySet().stream().allMatch(task::equals);
  }
}
