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
   * The inner products of all pairs, lower triangle only. Summed up coordinate by coordinate for
   * many pairs at once: the JIT turns that into vector instructions, unlike one sum after the
   * other, whose order it must keep.
   */
  private static float[][] cosines(List<float[]> points) {
    int n = points.size();
    int dimension = n == 0 ? 0 : points.get(0).length;
    float[][] across = new float[dimension][n];
    for (int i = 0; i < n; i++) {
      float[] point = points.get(i);
      for (int d = 0; d < dimension; d++) {
        across[d][i] = point[d];
      }
    }
    float[][] sums = new float[n][];
    for (int i = 0; i < n; i++) {
      sums[i] = new float[i];
    }
    int d = 0;
    for (; d + 3 < dimension; d += 4) {
      for (int i = 1; i < n; i++) {
        add(sums[i], across[d], across[d + 1], across[d + 2], across[d + 3], i);
      }
    }
    for (; d < dimension; d++) {
      for (int i = 1; i < n; i++) {
        for (int j = 0; j < i; j++) {
          sums[i][j] += across[d][i] * across[d][j];
        }
      }
    }
    return sums;
  }

  private static void add(float[] sum, float[] a, float[] b, float[] c, float[] d, int i) {
    float ai = a[i];
    float bi = b[i];
    float ci = c[i];
    float di = d[i];
    for (int j = 0; j < sum.length; j++) {
      sum[j] += (ai * a[j] + bi * b[j]) + (ci * c[j] + di * d[j]);
    }
  }

  private static double kernel(double cosine) {
    return Math.exp(-GAMMA * (1 - cosine));
  }
}
