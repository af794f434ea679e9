package io.fewshot.training;

import java.util.Map;

/** What came of a training. */
sealed interface Outcome {

  /** For people. */
  String why();

  /** What the gate measured; empty when it did not come so far. */
  Map<String, Double> metrics();

  /**
   * A candidate that passed the gate.
   *
   * @param baseModel the encoder or language model that it was trained on
   */
  record Passed(
      String version,
      String baseModel,
      Artifact artifact,
      Map<String, Long> offsets,
      String why,
      Map<String, Double> metrics)
      implements Outcome {}

  /** No candidate, or one that is not good enough. */
  record Rejected(String why, Map<String, Double> metrics) implements Outcome {}

  /** An error. */
  record Failed(String why) implements Outcome {

    @Override
    public Map<String, Double> metrics() {
      return Map.of();
    }
  }
}
