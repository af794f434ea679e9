package io.fewshot.training;

/**
 * Multiplies by the inverse of an upper bound of softmax regression's Hessian, which is the same
 * for all classes and never changes: half the mean outer product of the rows, plus the penalty
 * (Böhning 1992).
 */
final class Preconditioner {

  /** Keeps the intercept's part, which has no penalty, invertible. */
  private static final double LEAST = 1e-9;

  private final double[][] inverse;

  /**
   * @param outer mean outer product of the rows, {@code [columns][columns]}
   */
  Preconditioner(float[][] outer, double l2) {
    int n = outer.length;
    double[][] lower = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = outer[i][j] / 2.0;
        if (i == j) {
          sum += LEAST + (i == n - 1 ? 0 : l2);
        }
        for (int k = 0; k < j; k++) {
          sum -= lower[i][k] * lower[j][k];
        }
        lower[i][j] = i == j ? Math.sqrt(Math.max(sum, LEAST)) : sum / lower[j][j];
      }
    }
    this.inverse = inverse(lower);
  }

  /** Of lower times its transpose. */
  private static double[][] inverse(double[][] lower) {
    int n = lower.length;
    // Rows of the inverse of the lower triangle, by forward substitution on whole rows.
    double[][] half = new double[n][n];
    for (int i = 0; i < n; i++) {
      half[i][i] = 1;
      for (int k = 0; k < i; k++) {
        double factor = lower[i][k];
        for (int j = 0; j <= k; j++) {
          half[i][j] -= factor * half[k][j];
        }
      }
      for (int j = 0; j <= i; j++) {
        half[i][j] /= lower[i][i];
      }
    }
    double[][] inverse = new double[n][n];
    for (double[] row : half) {
      for (int i = 0; i < n; i++) {
        if (row[i] != 0) {
          double factor = row[i];
          double[] to = inverse[i];
          for (int j = 0; j < n; j++) {
            to[j] += factor * row[j];
          }
        }
      }
    }
    return inverse;
  }

  /**
   * @param gradient {@code [classes][columns]}
   */
  double[] apply(double[] gradient, int classes) {
    int n = inverse.length;
    double[] result = new double[gradient.length];
    for (int k = 0; k < classes; k++) {
      int at = k * n;
      for (int i = 0; i < n; i++) {
        double factor = gradient[at + i];
        double[] row = inverse[i];
        for (int j = 0; j < n; j++) {
          result[at + j] += factor * row[j];
        }
      }
    }
    return result;
  }
}
