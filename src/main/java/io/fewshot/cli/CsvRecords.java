package io.fewshot.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The records of a CSV file as in RFC 4180, one after the other, with any separator; lines may end
 * in CR, LF or both. Spaces around a quoted field do not count. A quote inside a field that does
 * not begin with one is a character like any other.
 *
 * <p>Not a library's reader: the ones at hand trim every field or none, so that a space before a
 * quote either keeps the quote or costs a text its own characters, and none tells the line where an
 * open quote began.
 */
final class CsvRecords {

  private final Characters characters;
  private final char separator;
  private long line;

  CsvRecords(Characters characters, char separator) {
    this.characters = characters;
    this.separator = separator;
  }

  /** The line where the last record began. */
  long line() {
    return line;
  }

  /** The next record's fields, a single empty one for an empty line; null at the end. */
  @Nullable List<String> next() {
    if (characters.peek() == Characters.END) {
      return null;
    }
    line = characters.line();
    List<String> fields = new ArrayList<>();
    do {
      fields.add(field());
    } while (atSeparator());
    return fields;
  }

  private boolean atSeparator() {
    if (characters.peek() == separator) {
      characters.next();
      return true;
    }
    characters.skipLineEnd();
    return false;
  }

  private String field() {
    StringBuilder field = spaces();
    if (characters.peek() == '"') {
      return quoted();
    }
    while (!atFieldEnd()) {
      characters.add(field, characters.next(), line);
    }
    return field.toString();
  }

  private StringBuilder spaces() {
    StringBuilder spaces = new StringBuilder();
    while (isSpace(characters.peek())) {
      characters.add(spaces, characters.next(), line);
    }
    return spaces;
  }

  private boolean isSpace(int character) {
    return character != separator
        && (character == ' ' || character == '\t' || character == '\u00A0');
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
    spaces();
    if (!atFieldEnd()) {
      throw characters.bad(
          opened, "has text after a closing quote: write a quote inside a field as \"\"");
    }
    return field.toString();
  }

  private boolean atFieldEnd() {
    int next = characters.peek();
    return next == Characters.END || next == separator || next == '\n' || next == '\r';
  }
}
