package io.fewshot.ladder;

import java.util.function.IntToDoubleFunction;

/**
 * How strongly audits speak against a bound on a share, however often one looks.
 *
 * <p>Under the hypothesis that the share of right answers is at most {@code p}, the likelihood
 * ratio of any larger share against {@code p}, and so the mean over several, is a nonnegative
 * supermartingale that begins at 1. By Ville's inequality it ever reaches {@code 1/α} with
 * probability at most {@code α}, so the hypothesis may be looked at after every audit and rejected
 * as soon as the value is that large (Robbins 1970; Ramdas, Grünwald, Vovk and Shafer 2023, "Game-
 * theoretic statistics and safe anytime-valid inference").
 */
final class Evidence {

  /** How many shares are mixed; evenly spread, so that none needs to be guessed. */
  private static final int MIXED = 64;

  private static final int HALVINGS = 30;

  private Evidence() {}

  /** Evidence against "at most {@code p} are right"; 1 without any. */
  static double proving(double p, int right, int n) {
    return mixture(p, right, n, j -> p + (1 - p) * (j + 0.5) / MIXED);
  }

  /** Evidence against "at least {@code p} are right"; 1 without any. */
  static double refuting(double p, int right, int n) {
    return mixture(p, right, n, j -> p * (j + 0.5) / MIXED);
  }

  private static double mixture(double p, int right, int n, IntToDoubleFunction alternative) {
    double sum = 0;
    for (int j = 0; j < MIXED; j++) {
      double q = alternative.applyAsDouble(j);
      sum += Math.exp(right * Math.log(q / p) + (n - right) * (Math.log1p(-q) - Math.log1p(-p)));
    }
    return sum / MIXED;
  }

  /**
   * The share that is exceeded with confidence: the largest {@code p} that the evidence speaks
   * against.
   *
   * @param level how often it may ever be too high
   */
  static double lowerBound(int right, int n, double level) {
    double low = 0;
    double high = 1;
    for (int i = 0; i < HALVINGS; i++) {
      double p = (low + high) / 2;
      if (p < (double) right / n && proving(p, right, n) >= 1 / level) {
        low = p;
      } else {
        high = p;
      }
    }
    return n == 0 ? 0 : low;
  }
}
