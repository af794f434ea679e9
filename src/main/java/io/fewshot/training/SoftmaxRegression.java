package io.fewshot.training;

import io.fewshot.model.SoftmaxLoss;
import io.fewshot.model.SoftmaxLoss.Quality;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Multinomial logistic regression with a full softmax and an L2 penalty on the weights, fitted by
 * L-BFGS (Nocedal 1980). Its first guess of the inverse Hessian is the inverse of Böhning's bound
 * (1992): sentence vectors are far from spherical, and without it the fit takes five times the
 * steps. Safe for use by several threads.
 */
final class SoftmaxRegression {

  private static final int MEMORY = 10;
  private static final double ARMIJO = 1e-4;
  private static final int MAX_HALVINGS = 20;

  private final List<float[]> vectors;
  private final int[] y;
  private final int classes;
  private final int columns;
  private final float[][] outer;

  /**
   * @param vectors of one length
   * @param y class of each vector, from 0
   */
  SoftmaxRegression(List<float[]> vectors, int[] y, int classes) {
    this.vectors = List.copyOf(vectors);
    this.y = y.clone();
    this.classes = classes;
    this.columns = vectors.get(0).length + 1;
    try (SoftmaxLoss all = new SoftmaxLoss(vectors, y, classes)) {
      this.outer = all.meanOuterProduct();
    }
  }

  /** Dimensions of a vector and one for the intercept. */
  int columns() {
    return columns;
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
   * @param used whether a row counts, one for each; at least one does
   * @param l2 strength of the penalty, per row: {@code l2 / 2 * |w|^2} is added to the mean loss
   * @param start where to begin; null for zero
   * @param tolerance relative gain in loss below which it has converged
   * @throws TrainingStoppedException when the thread is interrupted
   */
  Fit fit(boolean[] used, double l2, double @Nullable [] start, double tolerance, int maxSteps) {
    try (SoftmaxLoss rows = rows(used)) {
      return fit(rows, l2, start, tolerance, maxSteps);
    }
  }

  /** The same on rows that were laid out before. */
  Fit fit(SoftmaxLoss rows, double l2, double @Nullable [] start, double tolerance, int maxSteps) {
    double[] w = start == null ? new double[classes * columns] : start.clone();
    Preconditioner bound = new Preconditioner(outer, l2);
    History history = new History(MEMORY);
    Slope at = slope(rows, w, l2);
    int evaluations = 1;
    for (int step = 0; step < maxSteps; step++) {
      TrainingStoppedException.check();
      double[] direction = history.direction(at.gradient(), g -> bound.apply(g, classes));
      double slope = dot(direction, at.gradient());
      double size = 1;
      double[] next = plus(w, direction, size);
      Slope there = slope(rows, next, l2);
      evaluations++;
      for (int i = 0; i < MAX_HALVINGS && there.loss() > at.loss() + ARMIJO * size * slope; i++) {
        size /= 2;
        next = plus(w, direction, size);
        there = slope(rows, next, l2);
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

  /** Some of the rows, laid out to be computed with; the caller closes it. */
  SoftmaxLoss rows(boolean[] used) {
    List<float[]> some = new ArrayList<>();
    int[] classesOfSome = new int[y.length];
    for (int i = 0; i < y.length; i++) {
      if (used[i]) {
        classesOfSome[some.size()] = y[i];
        some.add(vectors.get(i));
      }
    }
    return new SoftmaxLoss(some, java.util.Arrays.copyOf(classesOfSome, some.size()), classes);
  }

  /** Loss and gradient with the penalty. */
  Slope slope(SoftmaxLoss rows, double[] w, double l2) {
    SoftmaxLoss.Slope plain = rows.slope(floats(w));
    double loss = plain.loss();
    double[] gradient = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      gradient[i] = plain.gradient()[i];
      if (!isIntercept(i)) {
        loss += l2 / 2 * w[i] * w[i];
        gradient[i] += l2 * w[i];
      }
    }
    return new Slope(loss, gradient);
  }

  /** Mean logarithmic loss and accuracy on the rows given. */
  Quality quality(boolean[] used, double[] w) {
    try (SoftmaxLoss rows = rows(used)) {
      return rows.quality(floats(w));
    }
  }

  private boolean isIntercept(int index) {
    return (index + 1) % columns == 0;
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
