package io.fewshot.stream;

import io.fewshot.event.SaneTime;
import java.time.InstantSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.processor.TimestampExtractor;

/**
 * Takes a record's timestamp when it can be one, and this machine's time otherwise. Producers write
 * -1, microseconds and nanoseconds; Kafka Streams' own extractors throw at the first, which stops
 * the partition, or drop the record.
 */
public final class SaneTimestamps implements TimestampExtractor {

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
    return SaneTime.of(record.timestamp(), clock.millis());
  }
}
