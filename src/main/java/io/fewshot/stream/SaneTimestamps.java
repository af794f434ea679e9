package io.fewshot.stream;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.jspecify.annotations.Nullable;

/**
 * Takes a record's timestamp when it can be one, and this machine's time otherwise. Producers write
 * -1, microseconds and nanoseconds; Kafka Streams' own extractors throw at the first, which stops
 * the partition, or drop the record.
 */
public final class SaneTimestamps implements TimestampExtractor {

  /** Further in the future than any clock is wrong. */
  private static final Duration AHEAD = Duration.ofDays(1);

  /** A `created_at` before this is seconds, or nothing: Kafka is younger. */
  private static final Instant EARLIEST = Instant.parse("2000-01-01T00:00:00Z");

  private final InstantSource clock;

  /** As Kafka Streams makes it. */
  public SaneTimestamps() {
    this(InstantSource.system());
  }

  SaneTimestamps(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
    return of(record.timestamp(), clock.millis());
  }

  /**
   * A timestamp that can be one.
   *
   * @param now milliseconds since the epoch
   */
  static long of(long timestamp, long now) {
    return timestamp < 0 || timestamp > now + AHEAD.toMillis() ? now : timestamp;
  }

  /** What a producer says of the time, when it can be true, else its record's. */
  static Instant of(@Nullable Instant createdAt, long recordTimestamp) {
    Instant recorded = Instant.ofEpochMilli(recordTimestamp);
    return createdAt == null
            || createdAt.isBefore(EARLIEST)
            || createdAt.isAfter(recorded.plus(AHEAD))
        ? recorded
        : createdAt;
  }
}
