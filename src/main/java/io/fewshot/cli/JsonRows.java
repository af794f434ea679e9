package io.fewshot.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Rows of JSON objects, one after the other or in one array, over as many lines as they like. */
final class JsonRows implements RowSource {

  private final Characters characters;
  private final long firstLine;
  private final JsonParser parser;
  private final JsonMapper json =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          // A label 1.10 is what is written, not 1.1.
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private boolean begun;
  private boolean inArray;

  JsonRows(Characters characters) {
    this.characters = characters;
    this.firstLine = characters.line();
    json.getFactory()
        .setStreamReadConstraints(
            StreamReadConstraints.builder().maxStringLength(Characters.MAX_LENGTH).build());
    try {
      this.parser = json.createParser(characters.rest());
    } catch (IOException e) {
      throw new FailedException("JSON cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public @Nullable Row next() {
    long line = 0;
    try {
      JsonToken token = nextToken();
      if (token == null) {
        return null;
      }
      line = line();
      return row(line, object(line, json.readTree(parser)));
    } catch (JsonEOFException e) {
      throw characters.bad(
          line > 0 ? line : inArray ? firstLine : faultyLine(e),
          "begins something that never ends: add the missing quote, brace or bracket");
    } catch (MismatchedInputException e) {
      throw characters.bad(line, "has an object that names something twice: keep one");
    } catch (StreamConstraintsException e) {
      throw characters.bad(
          line, "is longer than 10 million characters or nested too deeply: shorten it");
    } catch (JsonProcessingException e) {
      throw characters.bad(
          faultyLine(e), "is not JSON: check commas, quotes and braces there, or just before");
    } catch (IOException e) {
      throw new FailedException("JSON cannot be read: " + e.getMessage(), e);
    }
  }

  /** The first of the next value; null at the end. Into an array that holds all of them it goes. */
  private @Nullable JsonToken nextToken() throws IOException {
    JsonToken token = parser.nextToken();
    if (!begun && token == JsonToken.START_ARRAY) {
      inArray = true;
      token = parser.nextToken();
    }
    begun = true;
    if (inArray && token == JsonToken.END_ARRAY) {
      if (parser.nextToken() != null) {
        throw characters.bad(line(), "comes after the array's end: put all objects in the array");
      }
      return null;
    }
    return token;
  }

  /** Of the value that begins here. */
  private long line() {
    return firstLine - 1 + parser.currentTokenLocation().getLineNr();
  }

  private long faultyLine(JsonProcessingException e) {
    return e.getLocation() == null
        ? firstLine
        : firstLine - 1 + Math.max(1, e.getLocation().getLineNr());
  }

  private JsonNode object(long line, JsonNode node) {
    if (!node.isObject()) {
      throw characters.bad(
          line,
          "is no JSON object but "
              + (node.isArray() ? "an array" : "a single value")
              + ": a message must look like {\"text\": \"…\"}");
    }
    return node;
  }

  private Row row(long line, JsonNode object) {
    Map<Column, String> values = new EnumMap<>(Column.class);
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      Optional<Column> column = Column.named(field.getKey());
      JsonNode value = field.getValue();
      if (column.isPresent() && column.get() == Column.LABEL && value.isArray()) {
        value = single(line, field.getKey(), value);
      }
      if (column.isEmpty() || value.isNull()) {
        continue;
      }
      if (column.get() == Column.TEXT && !value.isTextual()) {
        throw characters.bad(
            line,
            "has a '%s' that is no string but %s: put it in quotes"
                .formatted(
                    field.getKey(), value.getNodeType().toString().toLowerCase(Locale.ROOT)));
      }
      if (values.put(column.get(), string(value)) != null) {
        throw characters.bad(line, "has '" + field.getKey() + "' under another name too: keep one");
      }
    }
    String text = values.get(Column.TEXT);
    if (text == null) {
      throw characters.bad(line, "has no 'text': a message must look like {\"text\": \"…\"}");
    }
    return Row.of(line, text, values::get);
  }

  /** Other programs write the only label of a message as a list. */
  private JsonNode single(long line, String name, JsonNode list) {
    if (list.size() != 1) {
      throw characters.bad(
          line,
          "has a list of %d as its '%s': give one, a message has one label"
              .formatted(list.size(), name));
    }
    return list.get(0);
  }

  /** A number may be an id, and an object the output of an extraction: both as they are written. */
  private static String string(JsonNode value) {
    return value.isTextual() ? value.textValue() : value.toString();
  }
}
