package io.fewshot.training;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Multinomial logistic regression with a full softmax and an L2 penalty on the weights, fitted by
 * L-BFGS (Nocedal 1980). Its first guess of the inverse Hessian is the inverse of Böhning's bound
 * (1992): sentence vectors are far from spherical, and without it the fit takes five times the
 * steps. Safe for use by several threads; the products run on the common pool.
 */
final class SoftmaxRegression {

  private static final int MEMORY = 10;
  private static final double ARMIJO = 1e-4;
  private static final int MAX_HALVINGS = 20;

  private final DesignMatrix x;
  private final int[] y;
  private final int classes;
  private final double[][] outer;

  /**
   * @param y class of each row of x, from 0
   */
  SoftmaxRegression(DesignMatrix x, int[] y, int classes) {
    this.x = x;
    this.y = y.clone();
    this.classes = classes;
    this.outer = x.meanOuterProduct();
  }

  /**
   * What was fitted.
   *
   * @param weights {@code [classes][columns]}, the intercept last
   * @param loss mean logarithmic loss with the penalty, in nats
   * @param evaluations passes over the data
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Fit(double[] weights, double loss, int evaluations) {}

  /** Loss and gradient at a point. */
  @SuppressWarnings("ArrayRecordComponent")
  record Slope(double loss, double[] gradient) {}

  /**
   * Fits to some rows.
   *
   * @param used whether a row counts, one for each
   * @param l2 strength of the penalty, per row: {@code l2 / 2 * |w|^2} is added to the mean loss
   * @param start where to begin; null for zero
   * @param tolerance relative gain in loss below which it has converged
   * @throws TrainingStoppedException when the thread is interrupted
   */
  Fit fit(boolean[] used, double l2, double @Nullable [] start, double tolerance, int maxSteps) {
    double[] w = start == null ? new double[classes * x.columns()] : start.clone();
    Preconditioner bound = new Preconditioner(outer, l2);
    History history = new History(MEMORY);
    Slope at = slope(used, w, l2);
    int evaluations = 1;
    for (int step = 0; step < maxSteps; step++) {
      TrainingStoppedException.check();
      double[] direction = history.direction(at.gradient(), g -> bound.apply(g, classes));
      double slope = dot(direction, at.gradient());
      double size = 1;
      double[] next = plus(w, direction, size);
      Slope there = slope(used, next, l2);
      evaluations++;
      for (int i = 0; i < MAX_HALVINGS && there.loss() > at.loss() + ARMIJO * size * slope; i++) {
        size /= 2;
        next = plus(w, direction, size);
        there = slope(used, next, l2);
        evaluations++;
      }
      if (!(there.loss() <= at.loss())) {
        break;
      }
      double gained = at.loss() - there.loss();
      history.add(minus(next, w), minus(there.gradient(), at.gradient()));
      w = next;
      at = there;
      if (gained < tolerance * Math.max(at.loss(), 1e-3)) {
        break;
      }
    }
    return new Fit(w, at.loss(), evaluations);
  }

  /** Loss and gradient over the rows that are used. */
  Slope slope(boolean[] used, double[] w, double l2) {
    float[] weights = floats(w);
    int count = 0;
    for (boolean each : used) {
      count += each ? 1 : 0;
    }
    int n = Math.max(1, count);
    int parts = Math.max(1, Math.min(x.blocks(), ForkJoinPool.getCommonPoolParallelism() + 1));
    List<Slope> partial =
        IntStream.range(0, parts)
            .parallel()
            .mapToObj(part -> partialSlope(part, parts, used, weights))
            .toList();
    double[] gradient = new double[w.length];
    double loss = 0;
    for (Slope each : partial) {
      loss += each.loss() / n;
      for (int i = 0; i < w.length; i++) {
        gradient[i] += each.gradient()[i] / n;
      }
    }
    for (int i = 0; i < w.length; i++) {
      if (!isIntercept(i)) {
        loss += l2 / 2 * w[i] * w[i];
        gradient[i] += l2 * w[i];
      }
    }
    return new Slope(loss, gradient);
  }

  private Slope partialSlope(int part, int parts, boolean[] used, float[] weights) {
    double loss = 0;
    double[] gradient = new double[weights.length];
    float[] sums = new float[weights.length];
    float[] scores = new float[classes * DesignMatrix.BLOCK];
    for (int block = part; block < x.blocks(); block += parts) {
      if (!anyUsed(block, used)) {
        continue;
      }
      x.scores(block, weights, classes, scores);
      loss += toResiduals(block, used, scores);
      Arrays.fill(sums, 0);
      x.addWeighted(block, scores, classes, sums);
      for (int i = 0; i < sums.length; i++) {
        gradient[i] += sums[i];
      }
    }
    return new Slope(loss, gradient);
  }

  private boolean anyUsed(int block, boolean[] used) {
    int from = block * DesignMatrix.BLOCK;
    for (int b = 0; b < x.filled(block); b++) {
      if (used[from + b]) {
        return true;
      }
    }
    return false;
  }

  /** Turns scores into probabilities less truth, in place, and gives the loss. */
  private double toResiduals(int block, boolean[] used, float[] scores) {
    double loss = 0;
    int from = block * DesignMatrix.BLOCK;
    float[] max = new float[DesignMatrix.BLOCK];
    float[] sum = new float[DesignMatrix.BLOCK];
    normalizers(scores, max, sum);
    for (int b = 0; b < x.filled(block); b++) {
      if (used[from + b]) {
        float own = scores[y[from + b] * DesignMatrix.BLOCK + b];
        loss += Math.log(sum[b]) - (own - max[b]);
      }
    }
    for (int k = 0; k < classes; k++) {
      int z = k * DesignMatrix.BLOCK;
      for (int b = 0; b < DesignMatrix.BLOCK; b++) {
        boolean counts = b < x.filled(block) && used[from + b];
        scores[z + b] = counts ? exp(scores[z + b] - max[b]) / sum[b] : 0;
      }
    }
    for (int b = 0; b < x.filled(block); b++) {
      if (used[from + b]) {
        scores[y[from + b] * DesignMatrix.BLOCK + b] -= 1;
      }
    }
    return loss;
  }

  private void normalizers(float[] scores, float[] max, float[] sum) {
    Arrays.fill(max, Float.NEGATIVE_INFINITY);
    for (int k = 0; k < classes; k++) {
      int z = k * DesignMatrix.BLOCK;
      for (int b = 0; b < DesignMatrix.BLOCK; b++) {
        max[b] = Math.max(max[b], scores[z + b]);
      }
    }
    for (int k = 0; k < classes; k++) {
      int z = k * DesignMatrix.BLOCK;
      for (int b = 0; b < DesignMatrix.BLOCK; b++) {
        sum[b] += exp(scores[z + b] - max[b]);
      }
    }
  }

  private static float exp(float value) {
    // Below that it is nothing beside the largest, and most classes are below.
    return value < -30 ? 0 : (float) Math.exp(value);
  }

  /** How well weights do on some rows. */
  record Quality(double loss, double accuracy) {}

  /** Mean logarithmic loss and accuracy on the rows given. */
  Quality quality(boolean[] rows, double[] w) {
    float[] weights = floats(w);
    float[] scores = new float[classes * DesignMatrix.BLOCK];
    float[] max = new float[DesignMatrix.BLOCK];
    double loss = 0;
    int right = 0;
    int n = 0;
    for (int block = 0; block < x.blocks(); block++) {
      if (!anyUsed(block, rows)) {
        continue;
      }
      x.scores(block, weights, classes, scores);
      float[] sum = new float[DesignMatrix.BLOCK];
      normalizers(scores, max, sum);
      for (int b = 0; b < x.filled(block); b++) {
        int row = block * DesignMatrix.BLOCK + b;
        if (rows[row]) {
          float own = scores[y[row] * DesignMatrix.BLOCK + b];
          loss += Math.log(sum[b]) - (own - max[b]);
          right += own == max[b] ? 1 : 0;
          n++;
        }
      }
    }
    return new Quality(loss / Math.max(1, n), right / (double) Math.max(1, n));
  }

  private boolean isIntercept(int index) {
    return (index + 1) % x.columns() == 0;
  }

  static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double[] plus(double[] a, double[] b, double scale) {
    double[] sum = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = a[i] + scale * b[i];
    }
    return sum;
  }

  private static double[] minus(double[] a, double[] b) {
    return plus(a, b, -1);
  }
}
