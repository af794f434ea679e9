package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Split;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the example memory as the topic of encoded examples has it. Both applications of a process
 * may do so with the same memory: a record changes it once.
 */
final class HoldExamples implements Processor<String, byte[], Void, Void> {

  private final ExampleMemory memory;
  private final Deserializer<EncodedExample> deserializer;
  private final Consumer<ExampleKey> settled;
  private final StreamMeters meters;
  private ProcessorContext<Void, Void> context;

  /**
   * @param settled told of each key that was read
   */
  @SuppressWarnings("NullAway.Init")
  HoldExamples(
      ExampleMemory memory,
      Deserializer<EncodedExample> deserializer,
      Consumer<ExampleKey> settled,
      StreamMeters meters) {
    this.meters = meters;
    this.memory = memory;
    this.deserializer = deserializer;
    this.settled = settled;
  }

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    this.context = context;
  }

  @Override
  public void process(Record<String, byte[]> record) {
    if (record.key() == null) {
      meters.unreadable(StreamMeters.ENCODED_EXAMPLES, "it has no key");
      return;
    }
    RecordMetadata at = context.recordMetadata().orElseThrow();
    ExampleKey key = ExampleKey.of(record.key());
    memory.log().apply(at.partition(), at.offset(), () -> apply(key, record.value()));
    settled.accept(key);
  }

  private void apply(ExampleKey key, byte @Nullable [] value) {
    if (value == null) {
      memory.remove(key.task(), key.exampleId());
      return;
    }
    try {
      memory.put(stored(deserializer.deserialize("", value)));
    } catch (RuntimeException e) {
      // Anybody may write here: what it is must not stop every instance.
      meters.unreadable(StreamMeters.ENCODED_EXAMPLES, "example " + key + ": " + e.getMessage());
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
        InternalSerde.vector(example.getVector()),
        Split.valueOf(example.getSplit()));
  }
}
