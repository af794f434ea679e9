package io.fewshot.stream;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a message of each task costs, learned once for all partitions of the process and kept when a
 * partition goes and comes back. Safe for use by several threads.
 */
final class BatchSizers {

  private static final int MAX_TASKS = 1_000;

  private final int maxBatch;
  private final long targetMillis;
  private final Map<String, BatchSizer> byTask = new ConcurrentHashMap<>();

  /**
   * @param targetMillis how long a batch should take at most
   */
  BatchSizers(int maxBatch, long targetMillis) {
    this.maxBatch = maxBatch;
    this.targetMillis = targetMillis;
  }

  BatchSizer of(String task) {
    if (byTask.size() > MAX_TASKS) {
      byTask.clear();
    }
    return byTask.computeIfAbsent(task, name -> new BatchSizer(maxBatch, targetMillis));
  }
}
