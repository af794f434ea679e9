package io.fewshot.cli;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Rows of a CSV file with a header; rows without any content are left out and counted. */
final class CsvRows implements RowSource {

  private final Characters characters;
  private final CsvHeader header;
  private final CsvRecords records;
  private final Map<Column, Integer> columns = new EnumMap<>(Column.class);
  private int empty;

  CsvRows(Characters characters) {
    this.characters = characters;
    this.header = CsvHeader.read(characters);
    this.records = new CsvRecords(characters, header.separator());
    for (int i = 0; i < header.names().size(); i++) {
      int position = i;
      Column.named(header.names().get(i)).ifPresent(column -> add(column, position));
    }
    if (!columns.containsKey(Column.TEXT)) {
      throw characters.bad(
          header.line(),
          "has no column 'text' but %s: the first line names the columns, separated by %s"
              .formatted(
                  header.quoted(),
                  header.names().size() > 1 ? header.separators() : "commas, semicolons or tabs"));
    }
  }

  private void add(Column column, int position) {
    Integer earlier = columns.put(column, position);
    if (earlier != null) {
      throw characters.bad(
          header.line(),
          "has the columns %s and %s, which mean the same: keep one"
              .formatted(
                  CsvHeader.quote(header.names().get(earlier)),
                  CsvHeader.quote(header.names().get(position))));
    }
  }

  @Override
  public @Nullable Row next() {
    List<String> fields = records.next();
    while (fields != null && fields.stream().allMatch(String::isBlank)) {
      empty++;
      fields = records.next();
    }
    if (fields == null) {
      return null;
    }
    if (fields.size() != header.names().size()) {
      throw characters.bad(
          records.line(),
          "has %d columns and the header %d: %s"
              .formatted(
                  fields.size(),
                  header.names().size(),
                  fields.size() > header.names().size()
                      ? "put text with %s in quotes".formatted(header.separators())
                      : "separate all of them by %s, empty ones too"
                          .formatted(header.separators())));
    }
    List<String> row = fields;
    String text = field(row, Column.TEXT);
    return Row.of(records.line(), text == null ? "" : text, column -> field(row, column));
  }

  @Override
  public List<String> notes() {
    List<String> notes = new ArrayList<>();
    if (header.separator() != ',') {
      notes.add("the columns are separated by " + header.separators());
    }
    if (empty > 0) {
      notes.add(empty == 1 ? "1 empty row is left out" : empty + " empty rows are left out");
    }
    return notes;
  }

  private @Nullable String field(List<String> fields, Column column) {
    Integer position = columns.get(column);
    return position == null ? null : fields.get(position);
  }
}
