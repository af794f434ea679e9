package io.fewshot.stream;

import io.fewshot.event.Example;
import io.fewshot.event.Topics;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An example that is not encoded yet, or its removal.
 *
 * @param key of its record; null when it has none
 * @param example null for a removal
 */
record BufferedExample(RawRecord raw, @Nullable String key, @Nullable Example example) {

  static BufferedExample of(RawRecord raw, @Nullable Example example) {
    byte @Nullable [] key = raw.key();
    return new BufferedExample(
        raw, key == null ? null : new String(key, StandardCharsets.UTF_8), example);
  }

  /** Those of one key are in one task's queue, whatever their values say: it keeps their order. */
  String task() {
    if (key != null) {
      return ExampleKey.of(key).task();
    }
    return example == null ? "" : example.getTask();
  }

  /** Whether a correction made it: it is encoded at once. */
  boolean isCorrected() {
    return key != null && Topics.isCorrectedExample(key);
  }

  @Nullable ByteBuffer keyBytes() {
    byte @Nullable [] bytes = raw.key();
    return bytes == null ? null : ByteBuffer.wrap(bytes);
  }
}
