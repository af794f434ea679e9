package io.fewshot.cli;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Messages from a CSV file with a header, from JSON, or from standard input; read as it goes, so
 * that a file may be larger than memory. Which format it is shows in its name or in its first
 * character: JSON begins with a brace or a bracket.
 */
final class InputFile implements AutoCloseable {

  /** The name that stands for standard input. */
  static final String STDIN = "-";

  /** What standard input is called in messages. */
  static final String STDIN_NAME = "standard input";

  private final String name;
  private final Counting bytes;
  private final long size;
  private final RowSource rows;
  private boolean any;

  /**
   * Reads what is open already.
   *
   * @param name for messages
   * @param size in bytes; -1 when it is not known
   */
  InputFile(String name, InputStream in, long size) {
    this.name = name;
    this.size = size;
    this.bytes = new Counting(in);
    Characters characters = new Characters(name, new Utf8Reader(bytes));
    characters.skipSpace();
    if (characters.peek() == Characters.END) {
      throw new BadInputException(name + " is empty: it needs a header with a column 'text'");
    }
    this.rows = isJson(characters.peek()) ? new JsonRows(characters) : new CsvRows(characters);
  }

  /**
   * Opens a file.
   *
   * @param path a path, or {@link #STDIN}
   * @throws BadInputException when there is none or it is no such file
   */
  static InputFile open(String path, InputStream stdin) {
    if (path.equals(STDIN)) {
      return new InputFile(STDIN_NAME, stdin, -1);
    }
    Path file = file(path);
    try {
      InputStream in = Files.newInputStream(file);
      try {
        return new InputFile(path, in, Files.size(file));
      } catch (RuntimeException e) {
        in.close();
        throw e;
      }
    } catch (IOException e) {
      throw new BadInputException(path + " cannot be read: " + e.getMessage());
    }
  }

  /**
   * The path, if a file is there that can be read.
   *
   * @throws BadInputException when not
   */
  static Path file(String path) {
    Path file;
    try {
      file = Path.of(path);
    } catch (InvalidPathException e) {
      throw new BadInputException(
          path + " cannot be a file's name here: check it, and set LC_ALL=C.UTF-8");
    }
    if (!Files.exists(file)) {
      throw new BadInputException(path + " does not exist: check the path");
    }
    if (Files.isDirectory(file)) {
      throw new BadInputException(path + " is a directory: name a file in it");
    }
    if (!Files.isReadable(file)) {
      throw new BadInputException(path + " cannot be read: check its permissions");
    }
    return file;
  }

  /** Reads all rows; for files that are known to fit. */
  static List<Row> readAll(String path, Console console) {
    List<Row> all = new ArrayList<>();
    try (InputFile file = open(path, console.in())) {
      file.forEach(all::add);
      file.sayNotes(console);
    }
    return all;
  }

  /** Says how the file was understood, where that may surprise; after the last row. */
  void sayNotes(Console console) {
    rows.notes().forEach(note -> console.say(name + ": " + note));
  }

  /** Gives each row that is left to {@code action}. */
  void forEach(Consumer<Row> action) {
    for (Row row = next(); row != null; row = next()) {
      action.accept(row);
    }
  }

  /**
   * The next row; null at the end.
   *
   * @throws BadInputException when the file is faulty, or at its end when it has no rows at all
   */
  @Nullable Row next() {
    Row row = rows.next();
    if (row == null && !any) {
      throw new BadInputException(
          name
              + (rows instanceof CsvRows ? " has a header but no rows" : " has no rows")
              + ": add a message");
    }
    any = true;
    return row;
  }

  /** A message about one of its rows. */
  BadInputException bad(Row row, String what) {
    return new BadInputException(name + " line " + row.line() + " " + what);
  }

  /** How much of it was read, in bytes. */
  long bytesRead() {
    return bytes.count;
  }

  /** In bytes; -1 when it is not known. */
  long size() {
    return size;
  }

  @Override
  public void close() {
    try {
      bytes.close();
    } catch (IOException e) {
      // All that was wanted has been read.
    }
  }

  private boolean isJson(int first) {
    String lower = name.toLowerCase(Locale.ROOT);
    return first == '{'
        || first == '['
        || Stream.of(".json", ".jsonl", ".ndjson").anyMatch(lower::endsWith);
  }

  private static final class Counting extends FilterInputStream {

    private long count;

    Counting(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = super.read(target, offset, length);
      count += Math.max(0, read);
      return read;
    }
  }
}
