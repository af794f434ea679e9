package io.fewshot.cli;

import io.fewshot.prompt.LabelText;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One message of an input file.
 *
 * @param line where it begins, counted from 1
 * @param label under the name {@code label}, {@code output} or {@code category}, in its one form;
 *     null when there is none, or an empty one
 * @param queryId what the row is called as a message
 * @param exampleId what it is called as an example
 */
record Row(
    long line,
    String text,
    @Nullable String label,
    @Nullable String queryId,
    @Nullable String key,
    @Nullable String exampleId) {

  Row {
    label = label == null ? null : notBlank(LabelText.of(label));
  }

  /**
   * A row by what its columns say. One that has an id of any name has it as a message and as an
   * example, so that a file means the same to every command.
   */
  static Row of(long line, String text, Function<Column, @Nullable String> columns) {
    return new Row(
        line,
        text,
        columns.apply(Column.LABEL),
        first(columns, Column.QUERY_ID, Column.ID, Column.EXAMPLE_ID),
        notBlank(columns.apply(Column.KEY)),
        first(columns, Column.EXAMPLE_ID, Column.ID, Column.QUERY_ID));
  }

  private static @Nullable String first(
      Function<Column, @Nullable String> columns, Column... inOrder) {
    return Stream.of(inOrder)
        .flatMap(column -> Stream.ofNullable(notBlank(columns.apply(column))))
        .findFirst()
        .orElse(null);
  }

  private static @Nullable String notBlank(@Nullable String value) {
    return value == null || value.isBlank() ? null : value;
  }
}
