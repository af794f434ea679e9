package io.fewshot.model;

import java.util.List;

/** A loaded language model. Safe for use by several threads; calls may wait for each other. */
public interface LanguageModel extends AutoCloseable {

  /**
   * Name in the catalogue and what distinguishes its computation (quantization, dtype): appears in
   * results.
   */
  String version();

  /** Longest sequence, prompt and continuation together, in tokens. */
  int contextLength();

  Tokenizer tokenizer();

  /** The chat template of the model's files. */
  ChatTemplate chatTemplate();

  /**
   * Scores all candidates of all requests, in as few forward passes as memory allows.
   *
   * @throws ModelException when the computation fails; the requests can be tried again one by one
   */
  List<Scores> score(List<Scoring> requests);

  /**
   * Continues all prompts, always with the likeliest token.
   *
   * @throws ModelException when the computation fails; the requests can be tried again one by one
   */
  List<Generated> generate(List<Generation> requests);

  /**
   * Continues all prompts with an adapter on top of the model.
   *
   * @throws ModelException as above, or when the adapter does not fit the model
   */
  default List<Generated> generate(LoraAdapter adapter, List<Generation> requests) {
    throw new ModelException("The model " + version() + " takes no adapters");
  }

  /**
   * Asks an adapter's head about all prompts, in as few forward passes as memory allows.
   *
   * @return for each prompt the probability of each of the adapter's labels
   * @throws ModelException when the computation fails, or the adapter does not fit the model
   */
  default List<double[]> classify(LoraAdapter adapter, List<int[]> prompts) {
    throw new ModelException("The model " + version() + " takes no adapters");
  }

  @Override
  void close();
}
