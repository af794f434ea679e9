package io.fewshot.ladder;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Chooses among alternatives by a weighted sum of their features, as probabilities: the conditional
 * logit model (McFadden 1974). Fitted by Newton's method to the posterior mode under a Gaussian
 * prior, so that few data change a sound default little, and many data decide alone.
 */
final class ConditionalLogit {

  private static final int MAX_STEPS = 50;
  private static final double CONVERGED = 1e-6;

  private ConditionalLogit() {}

  /**
   * One choice that was made.
   *
   * @param features {@code [alternatives][features]}
   * @param chosen which alternative it was
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Choice(double[][] features, int chosen) {}

  /** The probability of each alternative; they sum to 1. */
  static double[] probabilities(double[][] features, double[] weights) {
    double[] p = new double[features.length];
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < p.length; c++) {
      p[c] = sum(features[c], weights);
      max = Math.max(max, p[c]);
    }
    double total = 0;
    for (int c = 0; c < p.length; c++) {
      p[c] = Math.exp(p[c] - max);
      total += p[c];
    }
    for (int c = 0; c < p.length; c++) {
      p[c] /= total;
    }
    return p;
  }

  /**
   * @param mean of the prior
   * @param deviation of the prior; 0 keeps a weight at its mean
   */
  static double[] fit(List<Choice> choices, double[] mean, double[] deviation) {
    int[] free = free(deviation);
    double[] weights = mean.clone();
    double best = objective(choices, weights, mean, deviation);
    for (int step = 0; step < MAX_STEPS && free.length > 0; step++) {
      double[] direction = newton(choices, weights, mean, deviation, free);
      double size = Arrays.stream(direction).map(Math::abs).max().orElse(0);
      double scale = 1;
      double[] next = moved(weights, direction, free, scale);
      double value = objective(choices, next, mean, deviation);
      // Concave, but a full step can overshoot where the data are separable.
      while (value < best && scale > 1e-4) {
        scale /= 2;
        next = moved(weights, direction, free, scale);
        value = objective(choices, next, mean, deviation);
      }
      if (value < best) {
        break;
      }
      weights = next;
      best = value;
      if (size * scale < CONVERGED) {
        break;
      }
    }
    return weights;
  }

  private static int[] free(double[] deviation) {
    return IntStream.range(0, deviation.length).filter(i -> deviation[i] > 0).toArray();
  }

  private static double objective(
      List<Choice> choices, double[] weights, double[] mean, double[] deviation) {
    double value = 0;
    for (Choice choice : choices) {
      double p = probabilities(choice.features, weights)[choice.chosen];
      value += Math.log(Math.max(p, 1e-300));
    }
    for (int i = 0; i < weights.length; i++) {
      if (deviation[i] > 0) {
        double z = (weights[i] - mean[i]) / deviation[i];
        value -= z * z / 2;
      }
    }
    return value;
  }

  private static double[] newton(
      List<Choice> choices, double[] weights, double[] mean, double[] deviation, int[] free) {
    int n = free.length;
    double[][] hessian = new double[n][n];
    double[] gradient = new double[n];
    for (int i = 0; i < n; i++) {
      double precision = 1 / (deviation[free[i]] * deviation[free[i]]);
      hessian[i][i] = precision;
      gradient[i] = -precision * (weights[free[i]] - mean[free[i]]);
    }
    for (Choice choice : choices) {
      double[] p = probabilities(choice.features, weights);
      double[] expected = new double[n];
      for (int c = 0; c < p.length; c++) {
        for (int i = 0; i < n; i++) {
          expected[i] += p[c] * choice.features[c][free[i]];
        }
      }
      for (int i = 0; i < n; i++) {
        gradient[i] += choice.features[choice.chosen][free[i]] - expected[i];
      }
      for (int c = 0; c < p.length; c++) {
        for (int i = 0; i < n; i++) {
          double centred = choice.features[c][free[i]] - expected[i];
          for (int j = 0; j <= i; j++) {
            hessian[i][j] += p[c] * centred * (choice.features[c][free[j]] - expected[j]);
          }
        }
      }
    }
    Cholesky.solve(hessian, gradient);
    return gradient;
  }

  private static double[] moved(double[] weights, double[] direction, int[] free, double scale) {
    double[] next = weights.clone();
    for (int i = 0; i < free.length; i++) {
      next[free[i]] += scale * direction[i];
    }
    return next;
  }

  private static double sum(double[] features, double[] weights) {
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += features[i] * weights[i];
    }
    return sum;
  }
}
