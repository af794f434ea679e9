package io.fewshot.memory;

import java.util.List;

/** The network of a sentence encoder, from token ids to states. Safe for use by several threads. */
interface EncoderNetwork extends AutoCloseable {

  /** Whether such a batch is small enough for one pass; one text always is. */
  boolean fits(int texts, int tokens, int longest);

  /**
   * @param texts token ids, the shortest text first; not empty, and none of them is
   * @return {@code [texts, dimension]}: the last state of each text's first token, {@code [CLS]}
   */
  float[][] firstStates(List<long[]> texts);

  @Override
  void close();
}
