package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fewshot.ladder.ConditionalLogit.Choice;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConditionalLogitTest {

  @Test
  void findsTheWeightsThatMadeTheChoices() {
    // Given
    double[] truth = {2, -1};
    Random random = new Random(7);
    List<Choice> choices = new ArrayList<>();
    for (int i = 0; i < 4000; i++) {
      double[][] features = new double[4][2];
      for (double[] row : features) {
        row[0] = random.nextGaussian();
        row[1] = random.nextGaussian();
      }
      choices.add(new Choice(features, drawn(features, truth, random)));
    }

    // When
    double[] weights = ConditionalLogit.fit(choices, new double[2], new double[] {10, 10});

    // Then
    assertThat(weights[0]).isCloseTo(2, within(0.15));
    assertThat(weights[1]).isCloseTo(-1, within(0.15));
  }

  @Test
  void withoutDataThePriorStands() {
    double[] weights =
        ConditionalLogit.fit(List.of(), new double[] {3, 1}, new double[] {0.5, 0.5});

    assertThat(weights).containsExactly(3, 1);
  }

  @Test
  void separableChoicesStayFiniteAndFixedWeightsFixed() {
    // Given: the first feature always decides, the second is pinned
    Choice choice = new Choice(new double[][] {{1, 5}, {0, 9}}, 0);

    // When
    double[] weights =
        ConditionalLogit.fit(
            List.of(choice, choice, choice), new double[] {0, 0.1}, new double[] {1, 0});

    // Then
    assertThat(weights[0]).isBetween(0.5, 5.0);
    assertThat(weights[1]).isEqualTo(0.1);
  }

  @Test
  void probabilitiesSumToOneWhateverTheScale() {
    double[] p =
        ConditionalLogit.probabilities(new double[][] {{1000}, {999}, {-1000}}, new double[] {1});

    assertThat(p[0] + p[1] + p[2]).isCloseTo(1, within(1e-12));
    assertThat(p[0] / p[1]).isCloseTo(Math.E, within(1e-9));
  }

  private static int drawn(double[][] features, double[] weights, Random random) {
    double left = random.nextDouble();
    double[] p = ConditionalLogit.probabilities(features, weights);
    int c = 0;
    while (c < p.length - 1 && left > p[c]) {
      left -= p[c++];
    }
    return c;
  }
}
