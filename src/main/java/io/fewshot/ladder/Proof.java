package io.fewshot.ladder;

import io.fewshot.prompt.TaskDefinition.Start;
import java.util.List;

/**
 * What audits prove of a promise of accuracy. An audit is a message that was drawn before its
 * answer, accepted or not, so those with at least some confidence are a fair sample of all with at
 * least that confidence.
 *
 * <p>For each confidence from which on answers might be accepted there is the hypothesis that fewer
 * than promised are right. They are tested in fixed sequences, each from a start downwards, which
 * accepts ever more, up to the first that cannot be rejected. The starts share the level equally:
 * the promised value, a strict one for when that is too little, and two lower ones, since only few
 * audits may have much confidence. So the chance that anything is ever called proven which is not
 * so is at most {@value #LEVEL} (fixed sequence testing over thresholds with several starts, as in
 * "Learn then Test", Angelopoulos, Bates, Candès, Jordan and Lei 2021); {@link Evidence} says why
 * it may be looked at after every audit.
 *
 * @param promised share of the accepted answers that shall be right
 * @param proven the lowest confidence from which on that is proven; NaN when it is for none
 * @param provisional the confidence that counts until then: the promised value, or more when audits
 *     refute that one
 * @param audits how many audits have the confidence from which on answers are accepted
 * @param right those of them that are right
 * @param atLeast the share that is right with a confidence of 95 % at any time; 0 without audits
 */
public record Proof(
    double promised, double proven, double provisional, int audits, int right, double atLeast) {

  private static final double LEVEL = 0.05;
  private static final int STARTS = 4;
  private static final double STRICTEST = 0.99;
  private static final double LOOSEST = 0.5;
  private static final double STEP = 0.01;

  /** Proves nothing yet. */
  static Proof none(double promised) {
    return new Proof(promised, Double.NaN, promised, 0, 0, 0);
  }

  static Proof of(double promised, List<AuditBook.Audited> audits) {
    if (audits.isEmpty() || promised <= 0 || promised >= 1) {
      return none(promised);
    }
    Tally tally = new Tally(audits);
    double proven = Double.NaN;
    for (double start : starts(promised)) {
      double next = start;
      while (next >= LOOSEST && proves(promised, tally.from(next))) {
        proven = Double.isNaN(proven) ? next : Math.min(proven, next);
        next = hundredthBelow(next);
      }
    }
    double provisional = promised;
    while (refutes(promised, tally.from(provisional))) {
      provisional += STEP;
    }
    Count counted = tally.from(Double.isNaN(proven) ? provisional : proven);
    double atLeast = Evidence.lowerBound(counted.right(), counted.n(), LEVEL / STARTS);
    return new Proof(promised, proven, provisional, counted.n(), counted.right(), atLeast);
  }

  private static double[] starts(double promised) {
    return new double[] {STRICTEST, promised, promised - 0.1, promised - 0.2};
  }

  private static double hundredthBelow(double confidence) {
    return (Math.ceil(Math.round(confidence * 1e6) / 1e4) - 1) / 100;
  }

  private static boolean proves(double promised, Count count) {
    return Evidence.proving(promised, count.right(), count.n()) >= STARTS / LEVEL;
  }

  /** Without audits nothing is refuted, so a sequence of these ends. */
  private static boolean refutes(double promised, Count count) {
    return Evidence.refuting(promised, count.right(), count.n()) >= 1 / LEVEL;
  }

  public boolean isProven() {
    return !Double.isNaN(proven);
  }

  /**
   * The confidence from which on an answer may stand without people; infinite when none may.
   *
   * @param start what to do before the promise is proven
   */
  public double accepts(Start start) {
    return switch (start) {
      case CAUTIOUS -> isProven() ? proven : Double.POSITIVE_INFINITY;
      // What is proven for more confidence than is asked for provisionally takes nothing away.
      case PROVISIONAL -> isProven() && proven <= promised ? proven : provisional;
    };
  }

  /** So many audits, and those that are right. */
  private record Count(int right, int n) {}

  /** Counts audits from a confidence on. */
  private record Tally(List<AuditBook.Audited> audits) {

    Count from(double confidence) {
      int n = 0;
      int right = 0;
      for (AuditBook.Audited each : audits) {
        if (each.confidence() >= confidence) {
          n++;
          right += each.right() ? 1 : 0;
        }
      }
      return new Count(right, n);
    }
  }
}
