package io.fewshot.ladder;

import io.fewshot.model.LanguageModel;

/** Where the ladder gets a task's language model. */
@FunctionalInterface
public interface ModelSource {

  /**
   * The model, ready to compute. It stays the source's: the ladder does not close it.
   *
   * @param name in the catalogue
   * @throws Answerer.NotReadyException when it is still loading or cannot be had
   */
  LanguageModel get(String name);
}
