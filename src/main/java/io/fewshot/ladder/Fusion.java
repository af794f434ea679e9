package io.fewshot.ladder;

import io.fewshot.ladder.ConditionalLogit.Choice;
import io.fewshot.prompt.Rung;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Joins what the rungs of a stage say about the candidates into one probability for each. "None of
 * them" competes as well, so the candidates' probabilities sum to less than 1.
 *
 * @param weights one for each {@link Feature}
 */
@SuppressWarnings("ArrayRecordComponent")
record Fusion(double[] weights) {

  /** How far a task's weights may stray from the defaults, relative to them, before data insist. */
  private static final double FREEDOM = 0.5;

  private static final double LEAST_FREEDOM = 0.3;

  /**
   * Weights that suit Banking77 and EPRSTMT, for a task that has too few examples to learn its own
   * from.
   */
  static Fusion defaults(Set<Rung> asked) {
    boolean voted = asked.contains(Rung.NEIGHBOURS);
    boolean prompted = asked.contains(Rung.FEW_SHOT);
    boolean headed = asked.contains(Rung.HEAD);
    boolean tuned = asked.contains(Rung.FINE_TUNED);
    double[] weights = new double[Feature.COUNT];
    for (Feature feature : Feature.known(asked)) {
      weights[feature.ordinal()] =
          switch (feature) {
            case REGRESSION -> tuned ? 0.5 : headed ? 1 : prompted ? 2.3 : 2.8;
            case SIMILARITY, NAME -> headed || tuned ? 0.4 : 0.8;
            case HEAD -> tuned ? 0.6 : 1.2;
            case TUNED -> voted || headed ? 0.8 : 1.1;
            case LIKELIHOOD -> headed || tuned ? 0.1 : voted ? 0.13 : 0.4;
            case PRIOR -> voted ? -0.03 : -0.06;
            case NONE -> voted || headed || tuned ? -6 : -4;
          };
    }
    return new Fusion(weights);
  }

  /** What the fused stage says: candidates best first, and what is left for "none of them". */
  record Opinion(List<Answer.Option> options) {

    double confidence() {
      return options.isEmpty() ? 0 : options.get(0).probability();
    }
  }

  Opinion opinion(List<Candidate> candidates) {
    double[] p = ConditionalLogit.probabilities(features(candidates), weights);
    return new Opinion(
        IntStream.range(0, candidates.size())
            .mapToObj(c -> new Answer.Option(candidates.get(c).label(), p[c]))
            // Stable: equal probabilities stay in the neighbours' order.
            .sorted(Comparator.comparingDouble(Answer.Option::probability).reversed())
            .toList());
  }

  /** The weights most plausible after these cases, whose answers are known. */
  static Fusion fit(Set<Rung> asked, List<Case> cases, List<String> answers) {
    List<Choice> choices = new ArrayList<>();
    for (int i = 0; i < cases.size(); i++) {
      List<Candidate> candidates = cases.get(i).candidates();
      List<String> labels = candidates.stream().map(Candidate::label).toList();
      int chosen = labels.indexOf(answers.get(i));
      choices.add(new Choice(features(candidates), chosen < 0 ? labels.size() : chosen));
    }
    double[] mean = defaults(asked).weights();
    double[] deviation = new double[mean.length];
    for (Feature feature : Feature.known(asked)) {
      int i = feature.ordinal();
      deviation[i] = Math.max(LEAST_FREEDOM, FREEDOM * Math.abs(mean[i]));
    }
    return new Fusion(ConditionalLogit.fit(choices, mean, deviation));
  }

  private static double[][] features(List<Candidate> candidates) {
    double[][] features = new double[candidates.size() + 1][];
    for (int c = 0; c < candidates.size(); c++) {
      features[c] = candidates.get(c).features();
    }
    double[] none = new double[Feature.COUNT];
    none[Feature.NONE.ordinal()] = 1;
    features[candidates.size()] = none;
    return features;
  }
}
