package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;
import org.jspecify.annotations.Nullable;

/** Records as JSON objects with the field names of their schemas; times in epoch milliseconds. */
final class JsonLines {

  private JsonLines() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** The record, field by field. */
  static ObjectNode of(SpecificRecord record) {
    ObjectNode object = object();
    for (Schema.Field field : record.getSchema().getFields()) {
      put(object, field.name(), record.get(field.pos()));
    }
    return object;
  }

  /** Puts a number that JSON can express; null for one that is no number. */
  static void put(ObjectNode object, String name, double value) {
    if (Double.isFinite(value)) {
      object.put(name, value);
    } else {
      object.putNull(name);
    }
  }

  private static void put(ObjectNode object, String name, @Nullable Object value) {
    if (value == null) {
      object.putNull(name);
    } else if (value instanceof Double number) {
      put(object, name, number.doubleValue());
    } else if (value instanceof Integer number) {
      object.put(name, number);
    } else if (value instanceof Long number) {
      object.put(name, number);
    } else if (value instanceof Boolean flag) {
      object.put(name, flag);
    } else if (value instanceof Instant time) {
      object.put(name, time.toEpochMilli());
    } else if (value instanceof SpecificRecord record) {
      object.set(name, of(record));
    } else if (value instanceof List<?> list) {
      ArrayNode array = object.putArray(name);
      for (Object element : list) {
        if (element instanceof SpecificRecord record) {
          array.add(of(record));
        } else {
          array.add(String.valueOf(element));
        }
      }
    } else if (value instanceof Map<?, ?> map) {
      ObjectNode inner = object.putObject(name);
      map.forEach((key, each) -> put(inner, String.valueOf(key), each));
    } else {
      object.put(name, value.toString());
    }
  }
}
