package io.fewshot.training;

import java.util.List;

/**
 * Makes a classifier's probabilities those with which it is right (Guo et al. 2017, "On Calibration
 * of Modern Neural Networks"): its logits are divided by one number, chosen on messages that it was
 * not trained on.
 */
final class Temperature {

  private static final double LOWEST = 0.5;
  private static final double HIGHEST = 5;
  private static final int STEPS = 40;

  private Temperature() {}

  /**
   * The temperature at which the right labels are likeliest; 1 without messages.
   *
   * @param probabilities at temperature 1, of each message
   * @param right index of the right label of each
   */
  static double fit(List<double[]> probabilities, List<Integer> right) {
    if (probabilities.isEmpty()) {
      return 1;
    }
    // Convex in the inverse, so the best is between two better than their outer neighbours.
    double low = 1 / HIGHEST;
    double high = 1 / LOWEST;
    for (int step = 0; step < STEPS; step++) {
      double left = low + (high - low) / 3;
      double other = high - (high - low) / 3;
      if (loss(probabilities, right, left) < loss(probabilities, right, other)) {
        high = other;
      } else {
        low = left;
      }
    }
    return 2 / (low + high);
  }

  private static double loss(List<double[]> probabilities, List<Integer> right, double inverse) {
    double loss = 0;
    for (int i = 0; i < right.size(); i++) {
      double total = 0;
      for (double p : probabilities.get(i)) {
        total += Math.pow(p, inverse);
      }
      double p = Math.max(probabilities.get(i)[right.get(i)], 1e-300);
      loss += Math.log(total) - inverse * Math.log(p);
    }
    return loss;
  }
}
