package io.fewshot.ladder;

import java.util.Optional;

/** Where the ladder gets the releases that serve a task. Safe for use by several threads. */
@FunctionalInterface
public interface HeadSource {

  /** For processes that have none. */
  HeadSource NONE = task -> Optional.empty();

  /** The head as of now; asked once for each batch, so that a batch is answered by one version. */
  Optional<LinearHead> head(String task);

  /** The fine-tuned model as of now; asked once for each batch too. */
  default Optional<FineTuned> fineTuned(String task) {
    return Optional.empty();
  }
}
