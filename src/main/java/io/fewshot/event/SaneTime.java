package io.fewshot.event;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Times as producers write them, when they can be true. A record's timestamp may be -1; a
 * `created_at` may be in seconds, microseconds or nanoseconds. Taken at their word, the year 55,000
 * would upset a topic's retention and sort before all that people did today.
 */
public final class SaneTime {

  /** Further in the future than any clock is wrong. */
  private static final Duration AHEAD = Duration.ofDays(1);

  /** A `created_at` before this is seconds, or nothing: Kafka is younger. */
  private static final Instant EARLIEST = Instant.parse("2000-01-01T00:00:00Z");

  private SaneTime() {}

  /**
   * A record's timestamp when it can be one, else the present.
   *
   * @param timestamp milliseconds since the epoch, as all times here
   */
  public static long of(long timestamp, long now) {
    return timestamp < 0 || timestamp > now + AHEAD.toMillis() ? now : timestamp;
  }

  /** What a producer says of the time, when it can be true, else its record's. */
  public static Instant of(@Nullable Instant createdAt, long recordTimestamp) {
    Instant recorded = Instant.ofEpochMilli(recordTimestamp);
    return createdAt == null
            || createdAt.isBefore(EARLIEST)
            || createdAt.isAfter(recorded.plus(AHEAD))
        ? recorded
        : createdAt;
  }
}
