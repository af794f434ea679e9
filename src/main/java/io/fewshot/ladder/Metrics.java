package io.fewshot.ladder;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** How good answers are, as the literature measures it. */
public final class Metrics {

  private static final int BINS = 15;

  private Metrics() {}

  /**
   * An answer and the truth.
   *
   * @param truth the right output
   * @param output what was answered; null, when there was none, is wrong
   * @param confidence in [0, 1]
   */
  public record Outcome(String truth, @Nullable String output, double confidence) {

    boolean isRight() {
      return truth.equals(output);
    }
  }

  /** Share of right answers, in [0, 1]; NaN without outcomes. */
  public static double accuracy(List<Outcome> outcomes) {
    return outcomes.stream().mapToDouble(o -> o.isRight() ? 1 : 0).average().orElse(Double.NaN);
  }

  /**
   * The plain mean, over the labels that occur among truths or answers, of the harmonic mean of
   * precision and recall; 0 for a label that was never answered rightly.
   */
  public static double macroF1(List<Outcome> outcomes) {
    Map<String, Integer> right = new HashMap<>();
    Map<String, Integer> truths = new HashMap<>();
    Map<String, Integer> answers = new HashMap<>();
    for (Outcome outcome : outcomes) {
      truths.merge(outcome.truth, 1, Integer::sum);
      if (outcome.output != null) {
        answers.merge(outcome.output, 1, Integer::sum);
      }
      if (outcome.isRight()) {
        right.merge(outcome.truth, 1, Integer::sum);
      }
    }
    Set<String> labels = new HashSet<>(truths.keySet());
    labels.addAll(answers.keySet());
    return labels.stream()
        .mapToDouble(
            label ->
                2.0
                    * right.getOrDefault(label, 0)
                    / (truths.getOrDefault(label, 0) + answers.getOrDefault(label, 0)))
        .average()
        .orElse(Double.NaN);
  }

  /**
   * Expected calibration error: by how much confidence and accuracy differ, on average over 15 bins
   * of equal width, weighted by what is in them (Naeini et al. 2015; Guo et al. 2017).
   */
  public static double ece(List<Outcome> outcomes) {
    double[] confidence = new double[BINS];
    double[] right = new double[BINS];
    for (Outcome outcome : outcomes) {
      int bin = Math.min(BINS - 1, (int) (outcome.confidence * BINS));
      confidence[bin] += outcome.confidence;
      right[bin] += outcome.isRight() ? 1 : 0;
    }
    double sum =
        IntStream.range(0, BINS).mapToDouble(b -> Math.abs(confidence[b] - right[b])).sum();
    return outcomes.isEmpty() ? Double.NaN : sum / outcomes.size();
  }

  /**
   * Area under the risk-coverage curve: the error rate among the most confident answers, on average
   * over how many of them are taken (El-Yaniv and Wiener 2010; Geifman and El-Yaniv 2017). Answers
   * of the same confidence are taken in any order: their errors count as evenly spread.
   */
  public static double aurc(List<Outcome> outcomes) {
    Outcome[] sorted = outcomes.toArray(Outcome[]::new);
    Arrays.sort(sorted, Comparator.comparingDouble(Outcome::confidence).reversed());
    double errors = 0;
    double area = 0;
    for (int from = 0; from < sorted.length; ) {
      int to = from;
      int wrong = 0;
      while (to < sorted.length && sorted[to].confidence == sorted[from].confidence) {
        wrong += sorted[to].isRight() ? 0 : 1;
        to++;
      }
      double each = (double) wrong / (to - from);
      for (int taken = from + 1; taken <= to; taken++) {
        errors += each;
        area += errors / taken;
      }
      from = to;
    }
    return sorted.length == 0 ? Double.NaN : area / sorted.length;
  }
}
