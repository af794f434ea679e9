package io.fewshot.stream;

import io.fewshot.event.SaneTime;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * A record as it lay in its topic, with the position that is no longer known once a punctuator
 * forwards it.
 *
 * @param timestamp milliseconds since the epoch
 */
@SuppressWarnings("ArrayRecordComponent")
record RawRecord(
    String topic,
    int partition,
    long offset,
    long timestamp,
    byte @Nullable [] key,
    byte @Nullable [] value,
    Headers headers) {

  static RawRecord of(Record<byte[], byte[]> record, ProcessingContext context) {
    RecordMetadata position =
        context
            .recordMetadata()
            .orElseThrow(() -> new IllegalStateException("only a source's record has a position"));
    return new RawRecord(
        position.topic(),
        position.partition(),
        position.offset(),
        SaneTime.of(record.timestamp(), context.currentSystemTimeMs()),
        record.key(),
        record.value(),
        record.headers());
  }
}
