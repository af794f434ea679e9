package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
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
}
