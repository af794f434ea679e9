package io.fewshot.labeling;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/**
 * Slows down who guesses passwords: so many attempts a minute for each name and for each address.
 * Safe for use by several threads.
 */
final class LoginLimit {

  static final int FOR_NAME = 5;
  static final int FOR_ADDRESS = 20;
  static final Duration WINDOW = Duration.ofMinutes(1);
  private static final int REMEMBERED = 10_000;

  private final InstantSource clock;
  private final Map<String, Deque<Instant>> attempts = new Bounded<>(REMEMBERED);

  LoginLimit(InstantSource clock) {
    this.clock = clock;
  }

  /** Counts an attempt; whether it may be made. */
  synchronized boolean allows(String name, String address) {
    boolean forName = counts("name:" + name, FOR_NAME);
    boolean forAddress = counts("address:" + address, FOR_ADDRESS);
    return forName && forAddress;
  }

  private boolean counts(String key, int most) {
    Instant now = clock.instant();
    Deque<Instant> made = attempts.computeIfAbsent(key, each -> new ArrayDeque<>());
    while (!made.isEmpty() && !made.peek().plus(WINDOW).isAfter(now)) {
      made.poll();
    }
    if (made.size() >= most) {
      return false;
    }
    made.add(now);
    return true;
  }
}
