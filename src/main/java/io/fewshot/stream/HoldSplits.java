package io.fewshot.stream;

import io.fewshot.event.RecordException;
import io.fewshot.event.internal.EncodedExample;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the book of splits as the topic of encoded examples has them. */
final class HoldSplits implements Processor<String, byte[], Void, Void> {

  private static final Logger LOG = LoggerFactory.getLogger(HoldSplits.class);

  private final SplitBook splits;
  private final Deserializer<EncodedExample> deserializer;

  HoldSplits(SplitBook splits, Deserializer<EncodedExample> deserializer) {
    this.splits = splits;
    this.deserializer = deserializer;
  }

  @Override
  public void process(Record<String, byte[]> record) {
    if (record.value() == null) {
      splits.remove(record.key());
      return;
    }
    try {
      splits.put(deserializer.deserialize("", record.value()));
    } catch (RecordException | IllegalArgumentException e) {
      LOG.warn("Example {} cannot be read by this version: {}", record.key(), e.getMessage());
    }
  }
}
