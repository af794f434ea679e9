package io.fewshot.model;

/** Turns text into a model's tokens and back. Safe for use by several threads. */
public interface Tokenizer extends AutoCloseable {

  /** Token ids of plain text: special tokens written in it are text, not control. */
  int[] encode(String text);

  /** Token ids of a rendered prompt template, in which special tokens are control. */
  int[] encodeTemplate(String text);

  /** The text of {@code ids}, special tokens left out. */
  String decode(int[] ids);

  @Override
  void close();
}
