package io.fewshot.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Rows of a file with a JSON object on each line; empty lines are skipped. */
final class JsonRows implements RowSource {

  private final Characters characters;
  private final JsonMapper json =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  JsonRows(Characters characters) {
    this.characters = characters;
  }

  @Override
  public @Nullable Row next() {
    characters.skipSpace();
    if (characters.peek() == Characters.END) {
      return null;
    }
    long line = characters.line();
    return row(line, read(line, characters.restOfLine()));
  }

  private JsonNode read(long line, String text) {
    JsonNode node;
    try {
      node = json.readTree(text);
    } catch (JsonProcessingException e) {
      throw characters.bad(
          line, "is not JSON (" + reason(e) + "): each line must hold one whole object");
    }
    if (!node.isObject()) {
      throw characters.bad(
          line,
          "is no JSON object but "
              + (node.isArray() ? "an array" : "a single value")
              + ": each line must look like {\"text\": \"…\"}");
    }
    return node;
  }

  private Row row(long line, JsonNode object) {
    Map<Column, JsonNode> values = new EnumMap<>(Column.class);
    for (Iterator<Map.Entry<String, JsonNode>> it = object.fields(); it.hasNext(); ) {
      Map.Entry<String, JsonNode> field = it.next();
      Optional<Column> column = Column.named(field.getKey());
      if (column.isPresent() && !field.getValue().isNull()) {
        if (values.put(column.get(), field.getValue()) != null) {
          throw characters.bad(
              line, "has '" + field.getKey() + "' under another name too: keep one");
        }
      }
    }
    JsonNode text = values.get(Column.TEXT);
    if (text == null) {
      throw characters.bad(line, "has no 'text': each line must look like {\"text\": \"…\"}");
    }
    if (!text.isTextual()) {
      throw characters.bad(
          line,
          "has a 'text' that is no string but %s: put it in quotes"
              .formatted(text.getNodeType().toString().toLowerCase(java.util.Locale.ROOT)));
    }
    return new Row(
        line,
        text.textValue(),
        string(values.get(Column.LABEL)),
        string(values.get(Column.QUERY_ID)),
        string(values.get(Column.KEY)),
        string(values.get(Column.EXAMPLE_ID)));
  }

  /** A number may be an id, and an object the output of an extraction: both as they are written. */
  private static @Nullable String string(@Nullable JsonNode value) {
    return value == null ? null : value.isTextual() ? value.textValue() : value.toString();
  }

  private static String reason(JsonProcessingException e) {
    return e.getOriginalMessage().lines().findFirst().orElse("broken").strip();
  }
}
