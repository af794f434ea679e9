package io.fewshot.ladder;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Compares and checks JSON that a model wrote. */
final class Json {

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  private Json() {}

  /** Compact and with ordered keys when it is an object or an array; else as it is, stripped. */
  static String canonical(String text) {
    return parse(text).orElseGet(text::strip);
  }

  /** The names of the fields of a JSON object, or empty when {@code text} is none. */
  static Optional<Set<String>> fields(String text) {
    try {
      JsonNode node = MAPPER.readTree(text);
      if (node == null || !node.isObject()) {
        return Optional.empty();
      }
      Set<String> names = new LinkedHashSet<>();
      node.fieldNames().forEachRemaining(names::add);
      return Optional.of(names);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** The same, or empty when {@code text} is neither a JSON object nor an array. */
  static Optional<String> parse(String text) {
    try {
      JsonNode node = MAPPER.readTree(text);
      if (node == null || !node.isContainerNode()) {
        return Optional.empty();
      }
      return Optional.of(MAPPER.writeValueAsString(MAPPER.treeToValue(node, Object.class)));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }
}
