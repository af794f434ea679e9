package io.fewshot.stream;

/**
 * How many messages may be answered in one go, so that a batch stays within its time.
 *
 * <p>The cost of a message varies a hundredfold with the rung that answers it. The size follows the
 * cost seen last, smoothed; it at most doubles from one batch to the next, since the first batches
 * of a dearer rung would otherwise hold up the next batch for long. Safe for use by several
 * threads.
 */
final class BatchSizer {

  private static final int FIRST = 8;
  private static final double SMOOTHING = 0.5;

  private final int most;
  private final double targetNanos;
  private double nanosPerMessage;
  private int size = FIRST;

  /**
   * @param most never more than this
   * @param targetMillis how long a batch should take at most
   */
  BatchSizer(int most, long targetMillis) {
    this.most = most;
    this.targetNanos = targetMillis * 1e6;
    this.size = Math.min(FIRST, most);
  }

  synchronized int size() {
    return size;
  }

  synchronized void took(int messages, long nanos) {
    double cost = (double) nanos / messages;
    nanosPerMessage =
        nanosPerMessage == 0 ? cost : SMOOTHING * cost + (1 - SMOOTHING) * nanosPerMessage;
    // A dearer batch counts at once: only growth is careful.
    double allowed = targetNanos / Math.max(nanosPerMessage, cost);
    size = (int) Math.max(1, Math.min(most, Math.min(allowed, 2.0 * size)));
  }
}
