package io.fewshot.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows of one format. */
interface RowSource {

  /**
   * The next row; null at the end.
   *
   * @throws BadInputException when the input is faulty
   */
  @Nullable Row next();

  /** How the input was understood, where that may surprise; complete after the last row. */
  default List<String> notes() {
    return List.of();
  }
}
