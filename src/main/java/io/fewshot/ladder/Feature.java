package io.fewshot.ladder;

import io.fewshot.prompt.Rung;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a rung has to say about a candidate, as a number. A rung that did not run leaves its
 * features at 0, and the fusion of a stage gives them no weight.
 */
enum Feature {
  /** Logarithm of the candidate's share in the kernel regression. */
  REGRESSION(Rung.NEIGHBOURS),
  /** Cosine to the candidate's nearest example, less the best candidate's. */
  SIMILARITY(Rung.NEIGHBOURS),
  /** Cosine to the label's name and description, less the best candidate's. */
  NAME(Rung.NEIGHBOURS),
  /** Logarithm of the candidate's probability by the linear head. */
  HEAD(Rung.HEAD),
  /** Logarithm of the candidate's probability by the fine-tuned model. */
  TUNED(Rung.FINE_TUNED),
  /** Log-likelihood of the candidate after the prompt, less the best candidate's. */
  LIKELIHOOD(Rung.FEW_SHOT),
  /** The same after a prompt without message and examples: how much the model likes the words. */
  PRIOR(Rung.FEW_SHOT),
  /** 1 for the answer "none of the candidates". */
  NONE(null);

  static final int COUNT = values().length;

  private final @Nullable Rung rung;

  Feature(@Nullable Rung rung) {
    this.rung = rung;
  }

  /** Whether the feature has a value once these rungs were asked. */
  boolean isKnown(Set<Rung> asked) {
    return rung == null || asked.contains(rung);
  }

  static Set<Feature> known(Set<Rung> asked) {
    Set<Feature> known = EnumSet.noneOf(Feature.class);
    for (Feature feature : values()) {
      if (feature.isKnown(asked)) {
        known.add(feature);
      }
    }
    return known;
  }
}
