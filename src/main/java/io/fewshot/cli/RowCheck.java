package io.fewshot.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * Reads a whole file before anything is done with it, so that a fault in it leaves no half work.
 */
final class RowCheck {

  private RowCheck() {}

  /**
   * Reads all rows. What can be read only once, such as standard input, is left for later.
   *
   * @param each refuses a row that will not do
   * @throws BadInputException for the first fault
   */
  static void all(Console console, String path, Consumer<Row> each) {
    if (path.equals(InputFile.STDIN) || !Files.isRegularFile(Path.of(path))) {
      if (!path.equals(InputFile.STDIN)) {
        InputFile.file(path);
      }
      return;
    }
    try (InputFile file = InputFile.open(path, console.in())) {
      file.forEach(each);
      file.sayNotes(console);
    }
  }

  /**
   * Refuses what is no example.
   *
   * @param name of the file
   */
  static void example(String name, Row row) {
    if (row.text().isBlank()) {
      throw new BadInputException(
          name + " line " + row.line() + " has no text: add it or remove the line");
    }
    if (row.label() == null) {
      throw new BadInputException(
          name
              + " line "
              + row.line()
              + " has no label: examples need a column 'label', 'output' or 'category'");
    }
  }
}
