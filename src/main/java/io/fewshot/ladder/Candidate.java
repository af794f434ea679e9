package io.fewshot.ladder;

/** A label that may be the answer, and what the rungs say about it. */
final class Candidate {

  private final String label;
  private final double[] features = new double[Feature.COUNT];

  Candidate(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }

  void set(Feature feature, double value) {
    features[feature.ordinal()] = value;
  }

  double get(Feature feature) {
    return features[feature.ordinal()];
  }

  double[] features() {
    return features;
  }
}
