package io.fewshot.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The records of a CSV file as in RFC 4180, one after the other; lines may end in CR, LF or both,
 * and empty ones are skipped. A quote inside a field that does not begin with one is a character
 * like any other.
 */
final class CsvRecords {

  private final Characters characters;
  private long line;

  CsvRecords(Characters characters) {
    this.characters = characters;
  }

  /** The line where the last record began. */
  long line() {
    return line;
  }

  /** The next record's fields; null at the end. */
  @Nullable List<String> next() {
    while (characters.skipLineEnd()) {
      // An empty line is no record.
    }
    if (characters.peek() == Characters.END) {
      return null;
    }
    line = characters.line();
    List<String> fields = new ArrayList<>();
    do {
      fields.add(field());
    } while (comma());
    return fields;
  }

  private boolean comma() {
    if (characters.peek() == ',') {
      characters.next();
      return true;
    }
    characters.skipLineEnd();
    return false;
  }

  private String field() {
    if (characters.peek() == '"') {
      return quoted();
    }
    StringBuilder field = new StringBuilder();
    while (!atFieldEnd()) {
      characters.add(field, characters.next(), line);
    }
    return field.toString();
  }

  private String quoted() {
    long opened = characters.line();
    StringBuilder field = new StringBuilder();
    characters.next();
    while (true) {
      int next = characters.next();
      if (next == Characters.END) {
        throw characters.bad(opened, "opens a quote that is never closed: add the missing \"");
      }
      if (next == '"') {
        if (characters.peek() != '"') {
          break;
        }
        characters.next();
      }
      characters.add(field, next, opened);
    }
    if (!atFieldEnd()) {
      throw characters.bad(
          opened, "has text after a closing quote: write a quote inside a field as \"\"");
    }
    return field.toString();
  }

  private boolean atFieldEnd() {
    int next = characters.peek();
    return next == Characters.END || next == ',' || next == '\n' || next == '\r';
  }
}
