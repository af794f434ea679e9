package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.RecordException;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the example memory as the topic of encoded examples has it. */
final class HoldExamples implements Processor<String, byte[], Void, Void> {

  private static final Logger LOG = LoggerFactory.getLogger(HoldExamples.class);

  private final ExampleMemory memory;
  private final Deserializer<EncodedExample> deserializer;

  HoldExamples(ExampleMemory memory, Deserializer<EncodedExample> deserializer) {
    this.memory = memory;
    this.deserializer = deserializer;
  }

  @Override
  public void process(Record<String, byte[]> record) {
    if (record.value() == null) {
      ExampleKey key = ExampleKey.of(record.key());
      memory.remove(key.task(), key.exampleId());
      return;
    }
    try {
      memory.put(stored(deserializer.deserialize("", record.value())));
    } catch (RecordException | IllegalArgumentException e) {
      LOG.warn("Example {} cannot be read by this version: {}", record.key(), e.getMessage());
    }
  }

  private static StoredExample stored(EncodedExample example) {
    return new StoredExample(
        example.getTask(),
        example.getExampleId(),
        example.getInput(),
        example.getOutput(),
        example.getCreatedAt(),
        example.getEncodedBy(),
        InternalSerde.vector(example.getVector()));
  }
}
