package io.fewshot.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class McNemarTest {

  @Test
  void countsLikeCoins() {
    // 1 - binomial distribution at 1/2, by hand: (1 + 5) / 32, 1 / 32, (45 + 10 + 1) / 1024
    assertThat(new McNemar(4, 1, 50).pValue()).isCloseTo(6 / 32.0, within(1e-12));
    assertThat(new McNemar(5, 0, 50).pValue()).isCloseTo(1 / 32.0, within(1e-12));
    assertThat(new McNemar(8, 2, 50).pValue()).isCloseTo(56 / 1024.0, within(1e-12));
  }

  @Test
  void withoutDifferenceThereIsNoEvidence() {
    assertThat(new McNemar(0, 0, 100).pValue()).isEqualTo(1);
    assertThat(new McNemar(0, 0, 100).lowerBound()).isNegative();
    assertThat(new McNemar(0, 0, 0).lowerBound()).isEqualTo(-1);
  }

  @Test
  void manyTrialsNeitherOverflowNorVanish() {
    assertThat(new McNemar(600, 400, 10_000).pValue()).isBetween(1e-11, 1e-9);
    assertThat(new McNemar(1000, 1000, 10_000).pValue()).isCloseTo(0.509, within(0.001));
  }

  @Test
  void theBoundNarrowsWithMoreMessages() {
    assertThat(new McNemar(10, 10, 200).lowerBound())
        .isCloseTo(-1.645 * Math.sqrt(22) / 200, within(1e-9));
    assertThat(new McNemar(10, 10, 2000).lowerBound()).isGreaterThan(-0.01);
  }
}
