package io.fewshot.model;

import java.time.Duration;

/**
 * Waits, also in a thread that was told to stop, for what still computes: the memory that it reads
 * is freed next, and native code does not survive that.
 */
final class Uninterrupted {

  private Uninterrupted() {}

  /** A wait with a bound. */
  @FunctionalInterface
  interface Wait {
    void upTo(long millis) throws InterruptedException;
  }

  /** Waits; the thread is interrupted afterwards if it was before or meanwhile. */
  static void await(Duration most, Wait wait) {
    boolean interrupted = Thread.interrupted();
    long end = System.nanoTime() + most.toNanos();
    while (true) {
      try {
        wait.upTo(Math.max(1, (end - System.nanoTime()) / 1_000_000));
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
