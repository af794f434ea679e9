package io.fewshot.event;

import java.nio.ByteBuffer;
import org.apache.kafka.common.header.Headers;

/**
 * A codec that may ask the registry, kept from doing so on a stream thread: a record is read only
 * once its schema was found in the background. Only the reading serde's own first question for each
 * schema is left, to a registry that answered a moment ago.
 */
record PreparedCodec<T>(RecordCodec<T> codec, SchemaLookups lookups) implements RecordCodec<T> {

  private static final int HEADER = 5;

  @Override
  public T decode(String topic, Headers headers, byte[] value) {
    if (value.length >= HEADER && value[0] == 0) {
      lookups.schema(ByteBuffer.wrap(value).getInt(1));
    }
    return codec.decode(topic, headers, value);
  }

  @Override
  public byte[] encode(String topic, T record) {
    return codec.encode(topic, record);
  }
}
