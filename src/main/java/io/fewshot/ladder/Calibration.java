package io.fewshot.ladder;

import io.fewshot.prompt.Rung;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * What a stage of a task's ladder learned from answering stored examples, each without itself.
 *
 * @param fusion weights fitted to them
 * @param novelBelow a message that is less similar than this to all that is known is novel, unless
 *     it can be answered with confidence
 * @param confidences of the answers to them, ascending; empty when there were too few
 * @param provisional stands in for one that is being made of enough examples: what it says may
 *     order answers, but none may be accepted by it
 */
@SuppressWarnings("ArrayRecordComponent")
record Calibration(Fusion fusion, double novelBelow, double[] confidences, boolean provisional) {

  /** A false alarm is an error, a missed novelty usually ends in low confidence anyway. */
  private static final double NOVEL_QUANTILE = 0.005;

  /** What can be answered with more than this is a known thing said in a new way. */
  private static final double NOVEL_CONFIDENCE = 0.35;

  /** With few candidates even a blind guess has confidence: this much more than one is allowed. */
  private static final double BLIND_GUESS = 1.3;

  private static final int LEAST_FOR_NOVELTY = 50;

  /** With fewer answers nothing is fitted, and the defaults serve. */
  static final int LEAST_FOR_FIT = 10;

  private static final double NEVER = -1;

  Calibration(Fusion fusion, double novelBelow, double[] confidences) {
    this(fusion, novelBelow, confidences, false);
  }

  /** Until the first one that was fitted is there. */
  static Calibration provisional(Set<Rung> asked) {
    return new Calibration(Fusion.defaults(asked), NEVER, new double[0], true);
  }

  static Calibration defaults(Set<Rung> asked) {
    return new Calibration(Fusion.defaults(asked), NEVER, new double[0]);
  }

  static Calibration fit(Set<Rung> asked, List<Case> cases, List<String> answers) {
    if (cases.size() < LEAST_FOR_FIT) {
      return defaults(asked);
    }
    Fusion fusion = Fusion.fit(asked, cases, answers);
    double[] confidences =
        cases.stream()
            .mapToDouble(item -> fusion.opinion(item.candidates()).confidence())
            .sorted()
            .toArray();
    double[] similarities = cases.stream().mapToDouble(Case::similarity).sorted().toArray();
    double novelBelow =
        similarities.length < LEAST_FOR_NOVELTY ? NEVER : quantile(similarities, NOVEL_QUANTILE);
    return new Calibration(fusion, novelBelow, confidences);
  }

  /** Whether there were too few examples to fit it to. */
  boolean isDefault() {
    return confidences.length == 0;
  }

  boolean isNovel(Case item, double confidence) {
    return item.candidates().isEmpty()
        || item.similarity() < novelBelow
            && confidence < Math.max(NOVEL_CONFIDENCE, BLIND_GUESS / item.candidates().size());
  }

  /**
   * The confidence that this share of messages reaches.
   *
   * @param share in [0, 1]
   */
  double reachedBy(double share) {
    if (confidences.length == 0) {
      // Nothing is known about this task's confidences: as if they were spread evenly.
      return 1 - share;
    }
    int reach = (int) Math.ceil(share * confidences.length);
    return reach == 0 ? 1 : confidences[confidences.length - reach];
  }

  private static double quantile(double[] ascending, double q) {
    int index = (int) Math.floor(q * ascending.length);
    return ascending[Math.max(0, Math.min(ascending.length - 1, index))];
  }

  @Override
  public String toString() {
    return "weights %s, novel below %.3f, %d confidences"
        .formatted(Arrays.toString(fusion.weights()), novelBelow, confidences.length);
  }
}
