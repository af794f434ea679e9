package io.fewshot.event;

import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * A codec as Kafka's serde. Null, a tombstone, stays null both ways.
 *
 * @param <T> the record's class
 */
public final class RecordSerde<T extends SpecificRecord> implements Serde<T> {

  private final RecordCodec<T> codec;

  public RecordSerde(RecordCodec<T> codec) {
    this.codec = codec;
  }

  @Override
  public void configure(Map<String, ?> configs, boolean isKey) {
    // The codec is complete.
  }

  @Override
  public void close() {
    // The codec belongs to who made it.
  }

  @Override
  public Serializer<T> serializer() {
    return new Writer<>(codec);
  }

  @Override
  public Deserializer<T> deserializer() {
    return new Reader<>(codec);
  }

  private record Writer<T>(RecordCodec<T> codec) implements Serializer<T> {

    @Override
    @SuppressWarnings("NullAway") // Kafka's own interface is not annotated: null is a tombstone.
    public byte[] serialize(String topic, @Nullable T record) {
      return record == null ? null : codec.encode(topic, record);
    }
  }

  private record Reader<T>(RecordCodec<T> codec) implements Deserializer<T> {

    @Override
    public @Nullable T deserialize(String topic, byte @Nullable [] value) {
      return deserialize(topic, new RecordHeaders(), value);
    }

    @Override
    public @Nullable T deserialize(String topic, Headers headers, byte @Nullable [] value) {
      return value == null ? null : codec.decode(topic, headers, value);
    }
  }
}
