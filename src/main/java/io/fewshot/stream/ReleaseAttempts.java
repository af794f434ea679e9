package io.fewshot.stream;

import io.fewshot.training.ReleaseBook.Slot;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * When releases that did not load are tried again: after 5 seconds, then ever more rarely, up to
 * every 5 minutes, and without an end, since a file may come late. For one thread.
 */
final class ReleaseAttempts {

  static final Duration FIRST = Duration.ofSeconds(5);
  static final Duration LONGEST = Duration.ofMinutes(5);

  private final LongSupplier nanos;
  private final Map<Slot, Attempt> attempts = new HashMap<>();

  /**
   * @param count how often it failed, not counting that it had to wait for something else
   */
  private record Attempt(String version, int count, long at) {

    Duration pause() {
      int doublings = Math.min(Math.max(count - 1, 0), 16);
      Duration pause = FIRST.multipliedBy(1L << doublings);
      return pause.compareTo(LONGEST) > 0 ? LONGEST : pause;
    }
  }

  /**
   * @param nanos a clock such as {@link System#nanoTime}
   */
  ReleaseAttempts(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** Whether it is time to try this version; a version that was not tried yet always may. */
  boolean isDue(Slot slot, String version) {
    Attempt last = of(slot, version);
    return last == null || nanos.getAsLong() - last.at() >= last.pause().toNanos();
  }

  /**
   * It failed.
   *
   * @return how often by now
   */
  int failed(Slot slot, String version) {
    Attempt last = of(slot, version);
    int count = last == null ? 1 : last.count() + 1;
    attempts.put(slot, new Attempt(version, count, nanos.getAsLong()));
    return count;
  }

  /** What it needs is not there yet, which is not its fault. */
  void waits(Slot slot, String version) {
    attempts.put(slot, new Attempt(version, 0, nanos.getAsLong()));
  }

  /** How long until it is tried again, as far as it failed. */
  Duration pause(Slot slot, String version) {
    Attempt last = of(slot, version);
    return last == null ? Duration.ZERO : last.pause();
  }

  /** It is well, or not wanted any more; returns whether it was not. */
  boolean forget(Slot slot) {
    return attempts.remove(slot) != null;
  }

  private @Nullable Attempt of(Slot slot, String version) {
    Attempt attempt = attempts.get(slot);
    return attempt != null && attempt.version().equals(version) ? attempt : null;
  }
}
