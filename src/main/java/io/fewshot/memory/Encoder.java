package io.fewshot.memory;

import java.util.List;

/**
 * Turns texts into unit vectors whose inner product says how near they are. Safe for use by several
 * threads.
 */
public interface Encoder extends AutoCloseable {

  /** Name and version: vectors of different names must not be compared. */
  String name();

  int dimension();

  /**
   * Encodes a batch of texts of mixed lengths.
   *
   * @return {@code [texts, dimension]}, each row of length 1
   */
  float[][] encode(List<String> texts);

  @Override
  void close();
}
