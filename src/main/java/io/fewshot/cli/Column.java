package io.fewshot.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What an input file can say about a message, and under which names. */
enum Column {
  TEXT("text", "input"),
  LABEL("label", "output", "category"),
  QUERY_ID("query_id"),
  KEY("key"),
  EXAMPLE_ID("example_id"),
  ID("id");

  private final List<String> names;

  Column(String... names) {
    this.names = List.of(names);
  }

  /** The column under this name; other columns are none of our business. */
  static Optional<Column> named(String name) {
    String plain = name.strip().toLowerCase(Locale.ROOT);
    return Arrays.stream(values()).filter(column -> column.names.contains(plain)).findFirst();
  }
}
