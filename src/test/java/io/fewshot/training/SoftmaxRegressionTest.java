package io.fewshot.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fewshot.model.SoftmaxLoss;
import io.fewshot.training.SoftmaxRegression.Fit;
import io.fewshot.training.SoftmaxRegression.Slope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SoftmaxRegressionTest {

  @Test
  void theGradientIsTheSlopeOfTheLoss() {
    // Given: more than one block, three classes, some rows unused
    Random random = new Random(7);
    SoftmaxRegression regression = random(random, 300, 5, 3);
    boolean[] used = new boolean[300];
    Arrays.fill(used, 20, 290, true);
    double[] w = random.doubles(3 * 6, -1, 1).toArray();

    // When
    SoftmaxLoss rows = regression.rows(used);
    Slope at = regression.slope(rows, w, 0.1);

    // Then
    for (int i = 0; i < w.length; i++) {
      double[] there = w.clone();
      there[i] += 1e-3;
      double[] back = w.clone();
      back[i] -= 1e-3;
      double slope =
          (regression.slope(rows, there, 0.1).loss() - regression.slope(rows, back, 0.1).loss())
              / 2e-3;
      assertThat(at.gradient()[i]).isCloseTo(slope, within(1e-3));
    }
  }

  @Test
  void withoutFeaturesTheInterceptsAreTheShares() {
    // Given: 3 of 4 rows are of class 1, and no feature says anything
    List<float[]> vectors = List.of(new float[1], new float[1], new float[1], new float[1]);
    SoftmaxRegression regression = new SoftmaxRegression(vectors, new int[] {0, 1, 1, 1}, 2);

    // When
    Fit fit = regression.fit(all(4), 0.01, null, 1e-12, 200);

    // Then: the log-odds are log 3, and the loss is the entropy
    assertThat(fit.weights()[3] - fit.weights()[1]).isCloseTo(Math.log(3), within(1e-3));
    double entropy = -(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75));
    assertThat(fit.loss()).isCloseTo(entropy, within(1e-6));
  }

  @Test
  void atTheOptimumThePenaltyBalancesTheLoss() {
    // Given: two points, one feature, so the weights of the classes are opposite
    List<float[]> vectors = List.of(new float[] {-1}, new float[] {1});
    SoftmaxRegression regression = new SoftmaxRegression(vectors, new int[] {0, 1}, 2);

    // When
    double l2 = 0.2;
    Fit fit = regression.fit(all(2), l2, null, 1e-14, 500);

    // Then: mean gradient of class 1's weight is -(1 - p) and l2 v makes it zero
    double v = fit.weights()[2];
    double p = 1 / (1 + Math.exp(-2 * v));
    assertThat(l2 * v).isCloseTo(1 - p, within(1e-4));
    assertThat(fit.weights()[0]).isCloseTo(-v, within(1e-3));
  }

  @Test
  void separableRowsAreAllLearned() {
    Random random = new Random(1);
    List<float[]> vectors = new ArrayList<>();
    int[] y = new int[600];
    for (int i = 0; i < y.length; i++) {
      float[] vector = new float[8];
      for (int d = 0; d < 8; d++) {
        vector[d] = (float) random.nextGaussian() * 0.1f;
      }
      y[i] = i % 6;
      vector[y[i]] += 1;
      vectors.add(vector);
    }
    SoftmaxRegression regression = new SoftmaxRegression(vectors, y, 6);

    Fit fit = regression.fit(all(600), 1e-3, null, 1e-6, 100);

    assertThat(regression.quality(all(600), fit.weights()).accuracy()).isEqualTo(1);
  }

  private static boolean[] all(int n) {
    boolean[] all = new boolean[n];
    Arrays.fill(all, true);
    return all;
  }

  private static SoftmaxRegression random(Random random, int rows, int dimensions, int classes) {
    List<float[]> vectors = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      float[] vector = new float[dimensions];
      for (int d = 0; d < dimensions; d++) {
        vector[d] = random.nextFloat() - 0.5f;
      }
      vectors.add(vector);
    }
    return new SoftmaxRegression(vectors, random.ints(rows, 0, classes).toArray(), classes);
  }
}
