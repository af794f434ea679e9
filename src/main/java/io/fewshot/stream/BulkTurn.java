package io.fewshot.stream;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Says when a partition may encode a batch of a large import. A stream thread polls only once all
 * records that it holds are processed, so a batch for each round of records would keep a correction
 * from even being read for minutes. Therefore what was read enters the rooms first; and then one
 * partition at a time has a turn, so that the thread polls between two batches.
 *
 * <p>Safe for use by several threads. Times are in milliseconds by the application's clock.
 */
final class BulkTurn {

  /** More than the time from one partition's tick to the next in the same round. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  /** Nothing more is at hand when nothing came for this long. */
  private static final long QUIET_MILLIS = 5;

  /** Examples that never stop coming are not waited for longer than this. */
  private static final long LONGEST_MILLIS = 500;

  private boolean taken;
  private @Nullable Object last;
  private long endedAt;
  private long enteredAt;
  private long heldSince;

  /** An example came in. */
  synchronized void entered(long now) {
    if (now - enteredAt > QUIET_MILLIS) {
      heldSince = now;
    }
    enteredAt = now;
  }

  /**
   * Whether it is this one's turn now; then it must be given back. Who had the last turn may go on:
   * that it asks again means that a round has passed.
   */
  synchronized boolean take(Object who, long now) {
    boolean sameRound = last != null && last != who && System.nanoTime() - endedAt < PAUSE_NANOS;
    boolean stillEntering = now - enteredAt < QUIET_MILLIS && now - heldSince < LONGEST_MILLIS;
    if (taken || sameRound || stillEntering) {
      return false;
    }
    taken = true;
    last = who;
    return true;
  }

  synchronized void giveBack(long now) {
    taken = false;
    endedAt = System.nanoTime();
    heldSince = now;
  }
}
