package io.fewshot.stream;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much memory the buffered records of one process may take together. Reading ahead is what lets
 * one task's messages pass another's flood, so the bound is on the bytes of all rather than on the
 * records of each. Safe for use by several threads.
 */
final class BufferBudget {

  /** What a record costs beside its bytes: objects, queues and the store's entry. */
  static final int RECORD_BYTES = 600;

  /**
   * A record's bytes lie in the store and in the record: the buffers take an eighth of the heap.
   */
  private static final int SHARE_OF_HEAP = 16;

  private static final long MIN_BYTES = 8L << 20;

  private final long limit;
  private final AtomicLong used = new AtomicLong();

  /**
   * @param limit in bytes
   */
  BufferBudget(long limit) {
    this.limit = limit;
  }

  static BufferBudget ofHeap() {
    return ofHeap(1);
  }

  /**
   * @param parts into which what one application takes is divided
   */
  static BufferBudget ofHeap(int parts) {
    long share = Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP / parts;
    return new BufferBudget(Math.max(MIN_BYTES, share));
  }

  void add(long bytes) {
    used.addAndGet(bytes);
  }

  boolean isSpent() {
    return used.get() > limit;
  }

  long used() {
    return used.get();
  }
}
