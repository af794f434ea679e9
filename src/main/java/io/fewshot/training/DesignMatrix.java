package io.fewshot.training;

import java.util.Arrays;
import java.util.List;

/**
 * Vectors laid out for the two products that a linear model needs: in blocks of rows, each once row
 * by row and once column by column, so that all inner loops run over long contiguous floats. A
 * column of ones is added for the intercept.
 */
final class DesignMatrix {

  /** Rows of a block: its columns and its results fit into a core's second-level cache. */
  static final int BLOCK = 256;

  private final int rows;
  private final int columns;
  private final float[][] byRow;
  private final float[][] byColumn;

  /**
   * @param vectors of one length
   */
  DesignMatrix(List<float[]> vectors) {
    this.rows = vectors.size();
    this.columns = vectors.get(0).length + 1;
    int blocks = (rows + BLOCK - 1) / BLOCK;
    this.byRow = new float[blocks][BLOCK * columns];
    this.byColumn = new float[blocks][BLOCK * columns];
    for (int i = 0; i < rows; i++) {
      float[] vector = vectors.get(i);
      int block = i / BLOCK;
      int row = i % BLOCK;
      System.arraycopy(vector, 0, byRow[block], row * columns, columns - 1);
      byRow[block][row * columns + columns - 1] = 1;
      for (int d = 0; d < columns; d++) {
        byColumn[block][d * BLOCK + row] = byRow[block][row * columns + d];
      }
    }
  }

  int rows() {
    return rows;
  }

  /** Dimensions of a vector and one for the intercept. */
  int columns() {
    return columns;
  }

  int blocks() {
    return byRow.length;
  }

  /** Rows that are filled in a block. */
  int filled(int block) {
    return Math.min(BLOCK, rows - block * BLOCK);
  }

  /**
   * The scores of a block's rows.
   *
   * @param weights {@code [outputs][columns]}
   * @param scores {@code [outputs][BLOCK]}, overwritten
   */
  void scores(int block, float[] weights, int outputs, float[] scores) {
    float[] x = byColumn[block];
    Arrays.fill(scores, 0, outputs * BLOCK, 0);
    for (int k = 0; k < outputs; k++) {
      int w = k * columns;
      int z = k * BLOCK;
      int d = 0;
      for (; d + 3 < columns; d += 4) {
        float w0 = weights[w + d];
        float w1 = weights[w + d + 1];
        float w2 = weights[w + d + 2];
        float w3 = weights[w + d + 3];
        int x0 = d * BLOCK;
        int x1 = x0 + BLOCK;
        int x2 = x1 + BLOCK;
        int x3 = x2 + BLOCK;
        for (int b = 0; b < BLOCK; b++) {
          scores[z + b] += w0 * x[x0 + b] + w1 * x[x1 + b] + w2 * x[x2 + b] + w3 * x[x3 + b];
        }
      }
      for (; d < columns; d++) {
        float w0 = weights[w + d];
        int x0 = d * BLOCK;
        for (int b = 0; b < BLOCK; b++) {
          scores[z + b] += w0 * x[x0 + b];
        }
      }
    }
  }

  /**
   * Adds the block's rows, each weighted by its residuals.
   *
   * @param residuals {@code [outputs][BLOCK]}
   * @param sums {@code [outputs][columns]}, added to
   */
  void addWeighted(int block, float[] residuals, int outputs, float[] sums) {
    float[] x = byRow[block];
    for (int k = 0; k < outputs; k++) {
      int g = k * columns;
      int r = k * BLOCK;
      for (int b = 0; b < BLOCK; b += 4) {
        float r0 = residuals[r + b];
        float r1 = residuals[r + b + 1];
        float r2 = residuals[r + b + 2];
        float r3 = residuals[r + b + 3];
        // Once fitted, most classes have nothing to do with most rows.
        if (Math.abs(r0) + Math.abs(r1) + Math.abs(r2) + Math.abs(r3) < 1e-7f) {
          continue;
        }
        int x0 = b * columns;
        int x1 = x0 + columns;
        int x2 = x1 + columns;
        int x3 = x2 + columns;
        for (int d = 0; d < columns; d++) {
          sums[g + d] += r0 * x[x0 + d] + r1 * x[x1 + d] + r2 * x[x2 + d] + r3 * x[x3 + d];
        }
      }
    }
  }

  /** The mean of the rows' outer products, {@code [columns][columns]}. */
  double[][] meanOuterProduct() {
    double[][] mean = new double[columns][columns];
    float[] sums = new float[columns];
    for (int block = 0; block < blocks(); block++) {
      float[] x = byRow[block];
      float[] t = byColumn[block];
      for (int i = 0; i < columns; i++) {
        Arrays.fill(sums, 0);
        for (int b = 0; b < BLOCK; b += 4) {
          float r0 = t[i * BLOCK + b];
          float r1 = t[i * BLOCK + b + 1];
          float r2 = t[i * BLOCK + b + 2];
          float r3 = t[i * BLOCK + b + 3];
          int x0 = b * columns;
          for (int d = 0; d < columns; d++) {
            sums[d] +=
                r0 * x[x0 + d]
                    + r1 * x[x0 + columns + d]
                    + r2 * x[x0 + 2 * columns + d]
                    + r3 * x[x0 + 3 * columns + d];
          }
        }
        for (int d = 0; d < columns; d++) {
          mean[i][d] += sums[d] / (double) rows;
        }
      }
    }
    return mean;
  }
}
