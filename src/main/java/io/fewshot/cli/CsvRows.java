package io.fewshot.cli;

import static java.util.stream.Collectors.joining;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Rows of a CSV file with a header. */
final class CsvRows implements RowSource {

  private final Characters characters;
  private final CsvRecords records;
  private final List<String> header;
  private final Map<Column, Integer> columns = new EnumMap<>(Column.class);

  CsvRows(Characters characters) {
    this.characters = characters;
    this.records = new CsvRecords(characters);
    List<String> first = records.next();
    header = first == null ? List.of() : first;
    for (int i = 0; i < header.size(); i++) {
      String name = header.get(i);
      int position = i;
      Column.named(name).ifPresent(column -> add(column, position));
    }
    if (!columns.containsKey(Column.TEXT)) {
      throw characters.bad(
          records.line(),
          "has no column 'text' but "
              + header.stream().map(CsvRows::quote).collect(joining(", "))
              + ": the first line names the columns, separated by commas");
    }
  }

  private void add(Column column, int position) {
    Integer earlier = columns.put(column, position);
    if (earlier != null) {
      throw characters.bad(
          records.line(),
          "has the columns %s and %s, which mean the same: keep one"
              .formatted(quote(header.get(earlier)), quote(header.get(position))));
    }
  }

  @Override
  public @Nullable Row next() {
    List<String> fields = records.next();
    if (fields == null) {
      return null;
    }
    if (fields.size() != header.size()) {
      throw characters.bad(
          records.line(),
          "has %d columns and the header %d: put text with commas in quotes"
              .formatted(fields.size(), header.size()));
    }
    String text = field(fields, Column.TEXT);
    return new Row(
        records.line(),
        text == null ? "" : text,
        field(fields, Column.LABEL),
        notBlank(field(fields, Column.QUERY_ID)),
        notBlank(field(fields, Column.KEY)),
        notBlank(field(fields, Column.EXAMPLE_ID)));
  }

  private @Nullable String field(List<String> fields, Column column) {
    Integer position = columns.get(column);
    return position == null ? null : fields.get(position);
  }

  private static @Nullable String notBlank(@Nullable String value) {
    return value == null || value.isBlank() ? null : value;
  }

  private static String quote(String name) {
    String shown = name.length() <= 40 ? name : name.substring(0, 40) + "…";
    return "'" + shown.strip().replaceAll("\\p{Cntrl}", "·") + "'";
  }
}
