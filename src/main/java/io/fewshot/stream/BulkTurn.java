package io.fewshot.stream;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lets one partition at a time encode a batch of a large import, and in between the stream thread
 * look for what is more urgent: with a batch for each partition in one round, a correction, which
 * takes three rounds, would take seconds. Safe for use by several threads.
 */
final class BulkTurn {

  /** More than the time from one partition's tick to the next in the same round. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private boolean taken;
  private @Nullable Object last;
  private long endedAt;

  /**
   * Whether it is this one's turn now; then it must be given back. Who had the last turn may go on:
   * that it asks again means that a round has passed.
   */
  synchronized boolean take(Object who) {
    boolean sameRound = last != null && last != who && System.nanoTime() - endedAt < PAUSE_NANOS;
    if (taken || sameRound) {
      return false;
    }
    taken = true;
    last = who;
    return true;
  }

  synchronized void giveBack() {
    taken = false;
    endedAt = System.nanoTime();
  }
}
