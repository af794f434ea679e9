package io.fewshot.ladder;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Optional;

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
