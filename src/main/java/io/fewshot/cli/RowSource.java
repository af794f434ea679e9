package io.fewshot.cli;

import org.jspecify.annotations.Nullable;

/** Rows of one format. */
interface RowSource {

  /**
   * The next row; null at the end.
   *
   * @throws BadInputException when the input is faulty
   */
  @Nullable Row next();
}
