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
    // Column by column, so that the inner loop has no sum whose order the JIT would have to keep.
    double[] column = new double[n];
    for (int k = 0; k < n; k++) {
      double root = Math.sqrt(matrix[k][k]);
      matrix[k][k] = root;
      for (int i = k + 1; i < n; i++) {
        matrix[i][k] /= root;
        column[i] = matrix[i][k];
      }
      for (int i = k + 1; i < n; i++) {
        subtract(matrix[i], column, column[i], k + 1, i + 1);
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

  private static void subtract(double[] row, double[] column, double factor, int from, int to) {
    for (int j = from; j < to; j++) {
      row[j] -= factor * column[j];
    }
  }
}
