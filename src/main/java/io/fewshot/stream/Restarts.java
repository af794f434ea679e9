package io.fewshot.stream;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Tells a single restart from an application that stops again and again, which Kafka Streams calls
 * running in between. Safe for use by several threads.
 */
final class Restarts {

  /** So many within {@link #WINDOW} are one too many. */
  static final int MANY = 3;

  static final Duration WINDOW = Duration.ofMinutes(2);

  /** Without a restart for so long it runs again. */
  static final Duration QUIET = Duration.ofMinutes(1);

  private final LongSupplier nanos;

  // Guarded by this.
  private final Deque<Long> recent = new ArrayDeque<>();
  private boolean restless;
  private String lastReason = "";

  /**
   * @param nanos a clock such as {@link System#nanoTime}
   */
  Restarts(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** A thread was replaced, or the client was built anew. */
  synchronized void count(String why) {
    long now = nanos.getAsLong();
    recent.add(now);
    while (now - recent.getFirst() > WINDOW.toNanos()) {
      recent.removeFirst();
    }
    restless = restless || recent.size() >= MANY;
    lastReason = why;
  }

  /** Why it cannot be called running although it does just now. */
  synchronized Optional<String> unsettled() {
    if (restless && nanos.getAsLong() - recent.getLast() >= QUIET.toNanos()) {
      restless = false;
      recent.clear();
    }
    return restless
        ? Optional.of(
            "stopped %d times in %d minutes, last by %s"
                .formatted(recent.size(), WINDOW.toMinutes(), lastReason))
        : Optional.empty();
  }
}
