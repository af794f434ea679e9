package io.fewshot.ladder;

/** Solves linear equations with a symmetric positive definite matrix. */
final class Cholesky {

  private static final int PANEL = 4;

  private Cholesky() {}

  /**
   * Works in place.
   *
   * @param matrix {@code [n][at least i + 1]}: only the lower triangle is read, and overwritten
   * @param b the right side; becomes the solution
   */
  static void solve(double[][] matrix, double[] b) {
    int n = b.length;
    // A few columns at a time are taken from all to the right of them, so that each number is read
    // and written once for several; and the inner loop has no sum whose order the JIT had to keep.
    double[][] panel = new double[PANEL][n];
    int done = 0;
    for (; done + PANEL <= n; done += PANEL) {
      factor(matrix, done, done + PANEL, n);
      for (int i = done + PANEL; i < n; i++) {
        for (int c = 0; c < PANEL; c++) {
          panel[c][i] = matrix[i][done + c];
        }
      }
      for (int i = done + PANEL; i < n; i++) {
        subtract(matrix[i], panel, i, done + PANEL);
      }
    }
    factor(matrix, done, n, n);
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

  /** Columns {@code from} to {@code to}, from which all before them was taken already. */
  private static void factor(double[][] matrix, int from, int to, int n) {
    for (int c = from; c < to; c++) {
      double root = Math.sqrt(matrix[c][c]);
      matrix[c][c] = root;
      for (int i = c + 1; i < n; i++) {
        double factor = matrix[i][c] / root;
        matrix[i][c] = factor;
        for (int j = c + 1; j < to && j <= i; j++) {
          // Rows up to i have their final number in column c.
          matrix[i][j] -= factor * matrix[j][c];
        }
      }
    }
  }

  private static void subtract(double[] row, double[][] panel, int i, int from) {
    subtract(
        row,
        panel[0],
        panel[0][i],
        panel[1],
        panel[1][i],
        panel[2],
        panel[2][i],
        panel[3],
        panel[3][i],
        from,
        i + 1);
  }

  private static void subtract(
      double[] row,
      double[] a,
      double wa,
      double[] b,
      double wb,
      double[] c,
      double wc,
      double[] d,
      double wd,
      int from,
      int to) {
    for (int j = from; j < to; j++) {
      row[j] -= (wa * a[j] + wb * b[j]) + (wc * c[j] + wd * d[j]);
    }
  }
}
