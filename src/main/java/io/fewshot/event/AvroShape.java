package io.fewshot.event;

import java.util.List;
import org.apache.avro.Schema;

/**
 * Walks over Avro's binary form without building anything, to see whether the bytes can be a value
 * of a schema at all. A length or count that the bytes cannot hold would otherwise make the decoder
 * allocate gigabytes. The form is that of the Avro specification, section "Binary encoding".
 */
final class AvroShape {

  /** Deeper nesting than any message has; bounds the recursion. */
  private static final int MAX_DEPTH = 100;

  /** Items that take no byte, such as nulls, are not bounded by the bytes that are left. */
  private static final int MAX_EMPTY_ITEMS = 10_000;

  private final byte[] bytes;
  private int at;
  private int emptyItems;

  private AvroShape(byte[] bytes, int from) {
    this.bytes = bytes;
    this.at = from;
  }

  /**
   * Checks that the bytes from {@code from} to the end are exactly one value of the schema.
   *
   * @throws UndecodableException when they are not
   */
  static void check(Schema schema, byte[] bytes, int from) {
    AvroShape shape = new AvroShape(bytes, from);
    shape.walk(schema, 0);
    if (shape.at != bytes.length) {
      throw new UndecodableException(
          (bytes.length - shape.at) + " bytes follow the record's end at byte " + shape.at);
    }
  }

  private void walk(Schema schema, int depth) {
    if (depth > MAX_DEPTH) {
      throw bad("nested deeper than " + MAX_DEPTH);
    }
    switch (schema.getType()) {
      case NULL -> {}
      case BOOLEAN -> {
        skip(1);
        if (bytes[at - 1] != 0 && bytes[at - 1] != 1) {
          throw bad("no boolean");
        }
      }
      case INT -> {
        long value = number();
        if (value != (int) value) {
          throw bad("an int of " + value);
        }
      }
      case LONG -> number();
      case FLOAT -> skip(4);
      case DOUBLE -> skip(8);
      case FIXED -> skip(schema.getFixedSize());
      case STRING, BYTES -> skip(number());
      case ENUM -> index("enum symbol", schema.getEnumSymbols().size());
      case UNION -> {
        List<Schema> branches = schema.getTypes();
        walk(branches.get(index("union branch", branches.size())), depth + 1);
      }
      case RECORD -> {
        for (Schema.Field field : schema.getFields()) {
          walk(field.schema(), depth + 1);
        }
      }
      case ARRAY -> blocks(false, schema.getElementType(), depth);
      case MAP -> blocks(true, schema.getValueType(), depth);
    }
  }

  private void blocks(boolean map, Schema item, int depth) {
    for (long count = number(); count != 0; count = number()) {
      if (count < 0) {
        number(); // the block's size in bytes, for readers that skip it
        count = -count;
      }
      if (count < 0) {
        throw bad("a count of " + count);
      }
      for (long i = 0; i < count; i++) {
        int before = at;
        if (map) {
          skip(number());
        }
        walk(item, depth + 1);
        if (at == before && ++emptyItems > MAX_EMPTY_ITEMS) {
          throw bad("a count of " + count);
        }
      }
    }
  }

  private int index(String what, int count) {
    long index = number();
    if (index < 0 || index >= count) {
      throw bad("no " + what + " " + index);
    }
    return (int) index;
  }

  /** A zigzag number of up to ten bytes, seven bits each, the lowest first. */
  private long number() {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      skip(1);
      byte next = bytes[at - 1];
      value |= (next & 0x7FL) << shift;
      if (next >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw bad("a number of more than ten bytes");
  }

  private void skip(long count) {
    if (count < 0 || count > bytes.length - at) {
      throw bad("a length of " + count + " with " + (bytes.length - at) + " bytes left");
    }
    at += (int) count;
  }

  private UndecodableException bad(String what) {
    return new UndecodableException(
        "not the Avro that its schema says: " + what + " at byte " + at);
  }
}
