package io.fewshot.ladder;

/** Solves linear equations with a symmetric positive definite matrix. */
final class Cholesky {

  private Cholesky() {}

  /**
   * Works in place.
   *
   * @param matrix {@code [n][at least i + 1]}: only the lower triangle is read, and overwritten
   * @param b the right side; becomes the solution
   */
  static void solve(double[][] matrix, double[] b) {
    int n = b.length;
    for (int i = 0; i < n; i++) {
      double[] row = matrix[i];
      for (int j = 0; j <= i; j++) {
        double[] other = matrix[j];
        double sum = row[j];
        for (int k = 0; k < j; k++) {
          sum -= row[k] * other[k];
        }
        row[j] = i == j ? Math.sqrt(sum) : sum / other[j];
      }
    }
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < i; k++) {
        b[i] -= matrix[i][k] * b[k];
      }
      b[i] /= matrix[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int k = i + 1; k < n; k++) {
        b[i] -= matrix[k][i] * b[k];
      }
      b[i] /= matrix[i][i];
    }
  }
}
