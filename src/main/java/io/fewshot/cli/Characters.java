package io.fewshot.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;

/** The characters of an input with the line that the next one is on. */
final class Characters {

  static final int END = -1;

  /** Far above what a topic takes: a longer one comes from a quote that is never closed. */
  static final int MAX_LENGTH = 10_000_000;

  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private final String name;
  private final Reader reader;
  private final char[] buffer = new char[1 << 14];
  private int position;
  private int end;
  private long line;

  /**
   * @param name for messages
   */
  Characters(String name, Reader reader) {
    this(name, reader, 1);
  }

  private Characters(String name, Reader reader, long line) {
    this.name = name;
    this.reader = reader;
    this.line = line;
    if (peek() == BYTE_ORDER_MARK) {
      position++;
    }
  }

  /** A part of the same input, read once more. */
  Characters again(Reader part, long from) {
    return new Characters(name, part, from);
  }

  /** All that is left, for a reader that counts lines itself, from {@link #line} on. */
  Reader rest() {
    return new Reader() {
      @Override
      public int read(char[] target, int offset, int length) {
        if (peek() == END) {
          return -1;
        }
        int read = Math.min(length, end - position);
        System.arraycopy(buffer, position, target, offset, read);
        position += read;
        return read;
      }

      @Override
      public void close() {
        // The input is its owner's to close.
      }
    };
  }

  /** The line of the next character, counted from 1. */
  long line() {
    return line;
  }

  /** The next character, which stays; {@link #END} at the end. */
  int peek() {
    if (position == end) {
      fill();
    }
    return position < end ? buffer[position] : END;
  }

  /** The next character; {@link #END} at the end. */
  int next() {
    int next = peek();
    if (next != END) {
      position++;
      if (next == '\n' || (next == '\r' && peek() != '\n')) {
        line++;
      }
    }
    return next;
  }

  /** Skips a line's end if it is next. */
  boolean skipLineEnd() {
    int next = peek();
    if (next == '\r') {
      next();
      next = peek();
      if (next != '\n') {
        return true;
      }
    }
    if (next == '\n') {
      next();
      return true;
    }
    return false;
  }

  /**
   * Skips white space, line ends among it; a tab may separate columns, the first without a name.
   */
  void skipSpace() {
    while (peek() != END && peek() != '\t' && Character.isWhitespace(peek())) {
      next();
    }
  }

  /** The rest of the line, its end not included, which is skipped. */
  String restOfLine() {
    long from = line;
    StringBuilder text = new StringBuilder();
    while (peek() != END && !skipLineEnd()) {
      add(text, next(), from);
    }
    return text.toString();
  }

  /** Appends a character to something that began on {@code from}. */
  void add(StringBuilder text, int character, long from) {
    if (text.length() >= MAX_LENGTH) {
      throw bad(from, "is longer than 10 million characters: is a quote left open there?");
    }
    text.append((char) character);
  }

  BadInputException bad(long where, String what) {
    return new BadInputException(name + " line " + where + " " + what);
  }

  private void fill() {
    try {
      position = 0;
      end = Math.max(0, reader.read(buffer, 0, buffer.length));
    } catch (CharacterCodingException e) {
      throw new BadInputException(
          name + " is not UTF-8 (after line " + line + "): convert it, for instance with iconv");
    } catch (IOException e) {
      throw new FailedException(name + " cannot be read: " + e.getMessage(), e);
    }
  }
}
