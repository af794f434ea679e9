package io.fewshot.stream;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * A record that was taken from its topic and is not dealt with yet: what lies in a {@link
 * RecordBuffer}.
 *
 * @param arrivedAt when it was taken, in milliseconds since the epoch by this machine's clock
 */
record BufferedRecord(RawRecord raw, long arrivedAt) {

  private static final byte FORMAT = 1;
  private static final int ABSENT = -1;

  /**
   * The form in which it lies in the store: position, times, key, value and headers,
   * length-prefixed.
   */
  byte[] toBytes() {
    byte[] topic = utf8(raw.topic());
    int size = 1 + 4 * Long.BYTES + 4 * Integer.BYTES + topic.length;
    size += length(raw.key()) + length(raw.value());
    for (Header header : raw.headers()) {
      size += 2 * Integer.BYTES + utf8(header.key()).length + length(header.value());
    }
    ByteBuffer out = ByteBuffer.allocate(size + Integer.BYTES);
    out.put(FORMAT).putLong(arrivedAt).putLong(raw.timestamp()).putLong(raw.offset());
    out.putInt(raw.partition());
    put(out, topic);
    put(out, raw.key());
    put(out, raw.value());
    out.putInt(raw.headers().toArray().length);
    for (Header header : raw.headers()) {
      put(out, utf8(header.key()));
      put(out, header.value());
    }
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    return bytes;
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws IllegalStateException when it was written by a version that is not known here, or is no
   *     such record
   */
  static BufferedRecord fromBytes(byte[] bytes) {
    try {
      return read(ByteBuffer.wrap(bytes));
    } catch (BufferUnderflowException e) {
      throw new IllegalStateException("not a waiting record: it ends too early", e);
    }
  }

  private static BufferedRecord read(ByteBuffer in) {
    byte format = in.get();
    if (format != FORMAT) {
      throw new IllegalStateException(
          "a waiting record has format %d, this version reads %d".formatted(format, FORMAT));
    }
    long arrivedAt = in.getLong();
    long timestamp = in.getLong();
    long offset = in.getLong();
    int partition = in.getInt();
    String topic = text(in);
    byte[] key = get(in);
    byte[] value = get(in);
    Headers headers = new RecordHeaders();
    for (int left = in.getInt(); left > 0; left--) {
      headers.add(text(in), get(in));
    }
    return new BufferedRecord(
        new RawRecord(topic, partition, offset, timestamp, key, value, headers), arrivedAt);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(ByteBuffer in) {
    byte[] bytes = get(in);
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }

  private static int length(byte @Nullable [] bytes) {
    return bytes == null ? 0 : bytes.length;
  }

  private static void put(ByteBuffer out, byte @Nullable [] bytes) {
    if (bytes == null) {
      out.putInt(ABSENT);
    } else {
      out.putInt(bytes.length).put(bytes);
    }
  }

  private static byte @Nullable [] get(ByteBuffer in) {
    int length = in.getInt();
    if (length == ABSENT) {
      return null;
    }
    if (length < 0 || length > in.remaining()) {
      throw new IllegalStateException(
          "not a waiting record: a length of %d with %d bytes left"
              .formatted(length, in.remaining()));
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }
}
