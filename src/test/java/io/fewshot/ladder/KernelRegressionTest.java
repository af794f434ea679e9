package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fewshot.memory.Embedding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KernelRegressionTest {

  private static final float[] EAST = {1, 0};
  private static final float[] NORTH = {0, 1};

  @Test
  void oneExampleAtTheMessageHasTheWeightThatNoiseLeaves() {
    double[] weights = KernelRegression.weights(List.of(EAST), new double[] {1});

    assertThat(weights[0]).isCloseTo(1 / 1.3, within(1e-12));
  }

  @Test
  void copiesShareAWeight() {
    // When
    double[] weights = KernelRegression.weights(List.of(EAST, EAST), new double[] {1, 1});

    // Then: together less than two independent voices, equally divided
    assertThat(weights[0]).isCloseTo(weights[1], within(1e-12));
    assertThat(weights[0] + weights[1]).isCloseTo(2 / 2.3, within(1e-12));
  }

  @Test
  void theFartherExampleWeighsLess() {
    double[] weights = KernelRegression.weights(List.of(NORTH, EAST), new double[] {0.6, 0.8});

    assertThat(weights[1]).isGreaterThan(2 * weights[0]);
  }

  @Test
  void nothingNearbySaysNothing() {
    assertThat(KernelRegression.weights(List.of(), new double[0])).isEmpty();
  }

  @Test
  void choleskySolves() {
    // Given
    double[][] lower = {{4}, {2, 5}, {1, 3, 6}};
    double[] b = {4 + 2 * 2 + 3, 2 + 5 * 2 + 3 * 3, 1 + 3 * 2 + 6 * 3};

    // When
    Cholesky.solve(lower, b);

    // Then
    assertThat(b).containsExactly(new double[] {1, 2, 3}, within(1e-12));
  }

  @Test
  void choleskySolvesAsManyEquationsAsThereAreNeighbours() {
    // Given a matrix with a heavy diagonal and a right side of a known solution
    int n = 83;
    Random random = new Random(1);
    double[][] lower = new double[n][];
    for (int i = 0; i < n; i++) {
      lower[i] = random.doubles(i + 1, -0.01, 0.01).toArray();
      lower[i][i] = 1 + random.nextDouble();
    }
    double[] solution = random.doubles(n, -1, 1).toArray();
    double[] b = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        b[i] += lower[Math.max(i, j)][Math.min(i, j)] * solution[j];
      }
    }

    // When
    Cholesky.solve(lower, b);

    // Then
    assertThat(b).containsExactly(solution, within(1e-12));
  }

  @Test
  void weightsSolveTheKernelsEquations() {
    // Given more texts than a vector has lanes, in more dimensions than are added up at once
    int n = 37;
    Random random = new Random(2);
    List<float[]> points = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      points.add(unit(random.doubles(11, -1, 1).toArray()));
    }
    double[] similarities = random.doubles(n, 0, 1).toArray();

    // When
    double[] weights = KernelRegression.weights(points, similarities);

    // Then
    for (int i = 0; i < n; i++) {
      double sum = 0.3 * weights[i];
      for (int j = 0; j < n; j++) {
        double cosine = i == j ? 1 : Embedding.dot(points.get(i), points.get(j));
        sum += Math.exp(-8 * (1 - cosine)) * weights[j];
      }
      assertThat(sum).isCloseTo(Math.exp(-8 * (1 - similarities[i])), within(1e-5));
    }
  }

  private static float[] unit(double[] direction) {
    double norm = Math.sqrt(Arrays.stream(direction).map(x -> x * x).sum());
    float[] unit = new float[direction.length];
    for (int d = 0; d < unit.length; d++) {
      unit[d] = (float) (direction[d] / norm);
    }
    return unit;
  }
}
