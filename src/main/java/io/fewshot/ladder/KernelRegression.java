package io.fewshot.ladder;

import java.util.List;

/**
 * Kernel ridge regression in the neighbourhood of one message: how much each nearby text says about
 * it, given that near duplicates say the same thing twice. With the kernel {@code exp(-γ(1 -
 * cosine))} on unit vectors this is Gaussian process regression, also known as kriging, fitted to
 * the neighbours alone (Vecchia 1988; Rasmussen and Williams 2006, chapter 2). Nothing is trained
 * beforehand, so an example counts from the moment it is there.
 */
final class KernelRegression {

  /** Sharpness of the kernel; chosen on Banking77's and EPRSTMT's training files. */
  private static final double GAMMA = 8;

  /** Variance of what an example says, relative to the kernel's: labels are not always right. */
  private static final double NOISE = 0.3;

  /** Numbers in the longest vector that processors have: 512 bits. */
  private static final int LANES = 16;

  private KernelRegression() {}

  /**
   * @param points unit vectors of the texts nearby
   * @param similarities cosine of each to the message
   * @return the weight of each: its label's share of the prediction; may be slightly negative
   */
  static double[] weights(List<float[]> points, double[] similarities) {
    int n = points.size();
    float[][] cosines = cosines(points);
    double[][] matrix = new double[n][];
    double[] weights = new double[n];
    for (int i = 0; i < n; i++) {
      matrix[i] = new double[i + 1];
      for (int j = 0; j < i; j++) {
        matrix[i][j] = kernel(cosines[i][j]);
      }
      matrix[i][i] = 1 + NOISE;
      weights[i] = kernel(similarities[i]);
    }
    Cholesky.solve(matrix, weights);
    return weights;
  }

  /**
   * The inner products of all pairs, at least the lower triangle. Summed up coordinate by
   * coordinate for many pairs at once: the JIT turns that into vector instructions, unlike one sum
   * after the other, whose order it must keep. Rows have whole vectors' lengths, since what is left
   * over at the end of a loop is not vectorized.
   */
  private static float[][] cosines(List<float[]> points) {
    int n = points.size();
    float[][] rows = points.toArray(new float[0][]);
    int dimension = n == 0 ? 0 : rows[0].length;
    float[][] across = new float[dimension][roundUp(n)];
    for (int d = 0; d < dimension; d++) {
      for (int i = 0; i < n; i++) {
        across[d][i] = rows[i][d];
      }
    }
    float[][] sums = new float[n][];
    for (int i = 0; i < n; i++) {
      sums[i] = new float[roundUp(i)];
      addAll(sums[i], rows[i], across);
    }
    return sums;
  }

  private static int roundUp(int length) {
    return (length + LANES - 1) / LANES * LANES;
  }

  private static void addAll(float[] sums, float[] row, float[][] across) {
    int d = 0;
    for (; d + 3 < row.length; d += 4) {
      add(
          sums,
          row[d],
          across[d],
          row[d + 1],
          across[d + 1],
          row[d + 2],
          across[d + 2],
          row[d + 3],
          across[d + 3]);
    }
    for (; d < row.length; d++) {
      for (int j = 0; j < sums.length; j++) {
        sums[j] += row[d] * across[d][j];
      }
    }
  }

  private static void add(
      float[] sums,
      float wa,
      float[] a,
      float wb,
      float[] b,
      float wc,
      float[] c,
      float wd,
      float[] d) {
    for (int j = 0; j < sums.length; j++) {
      sums[j] =
          Math.fma(wa, a[j], Math.fma(wb, b[j], Math.fma(wc, c[j], Math.fma(wd, d[j], sums[j]))));
    }
  }

  private static double kernel(double cosine) {
    return Math.exp(-GAMMA * (1 - cosine));
  }
}
