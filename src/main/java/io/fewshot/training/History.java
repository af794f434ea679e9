package io.fewshot.training;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.UnaryOperator;

/** The last steps of a descent, from which L-BFGS guesses the curvature. For one thread. */
final class History {

  private final int most;
  private final Deque<Step> steps = new ArrayDeque<>();

  @SuppressWarnings("ArrayRecordComponent")
  private record Step(double[] moved, double[] turned, double curvature) {}

  /**
   * @param most how many steps to remember
   */
  History(int most) {
    this.most = most;
  }

  /**
   * @param moved difference of the points
   * @param turned difference of the gradients
   */
  void add(double[] moved, double[] turned) {
    double curvature = SoftmaxRegression.dot(moved, turned);
    if (curvature <= 0) {
      return;
    }
    steps.addLast(new Step(moved, turned, curvature));
    if (steps.size() > most) {
      steps.removeFirst();
    }
  }

  /**
   * Where to go from a point with this gradient: the two-loop recursion (Nocedal 1980).
   *
   * @param guess multiplies by the first guess of the inverse Hessian
   */
  double[] direction(double[] gradient, UnaryOperator<double[]> guess) {
    double[] q = gradient.clone();
    double[] alpha = new double[steps.size()];
    int i = steps.size();
    for (Iterator<Step> latestFirst = steps.descendingIterator(); latestFirst.hasNext(); ) {
      Step step = latestFirst.next();
      i--;
      alpha[i] = SoftmaxRegression.dot(step.moved, q) / step.curvature;
      add(q, step.turned, -alpha[i]);
    }
    double[] r = guess.apply(q);
    Step last = steps.peekLast();
    if (last != null) {
      double scale = last.curvature / SoftmaxRegression.dot(last.turned, guess.apply(last.turned));
      for (int j = 0; j < r.length; j++) {
        r[j] *= scale;
      }
    }
    for (Step step : steps) {
      double beta = SoftmaxRegression.dot(step.turned, r) / step.curvature;
      add(r, step.moved, alpha[i++] - beta);
    }
    for (int j = 0; j < r.length; j++) {
      r[j] = -r[j];
    }
    return r;
  }

  private static void add(double[] to, double[] what, double scale) {
    for (int i = 0; i < to.length; i++) {
      to[i] += scale * what[i];
    }
  }
}
