package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fewshot.ladder.WrittenConfidence.Judged;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WrittenConfidenceTest {

  @Test
  void wordsThatAreTooSureAreTrustedLess() {
    // Given: what is said with log-odds x is right with log-odds x / 2 - 1
    Random random = new Random(1);
    List<Judged> answers = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      double odds = 8 * random.nextDouble() - 3;
      boolean right = random.nextDouble() < probability(odds / 2 - 1);
      answers.add(new Judged(probability(odds), right));
    }

    // When
    WrittenConfidence fitted = WrittenConfidence.fit(answers);

    // Then
    assertThat(fitted.slope()).isCloseTo(0.5, within(0.06));
    assertThat(fitted.offset()).isCloseTo(-1, within(0.12));
    assertThat(fitted.of(probability(4))).isCloseTo(probability(1), within(0.03));
  }

  @Test
  void noAnswerIsTakenForCertain() {
    List<Judged> right = new ArrayList<>();
    List<Judged> reversed = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      right.add(new Judged(1 - i / 1000.0, true));
      reversed.add(new Judged(i < 50 ? 0.99 : 0.1, i >= 50));
    }

    assertThat(WrittenConfidence.fit(right).of(1)).isBetween(0.95, 0.995);
    assertThat(WrittenConfidence.fit(reversed).slope()).isZero();
    assertThat(WrittenConfidence.fit(reversed).of(0.99)).isCloseTo(0.5, within(1e-9));
    assertThat(WrittenConfidence.fit(List.of()).of(0.7)).isCloseTo(0.7, within(1e-9));
    assertThat(WrittenConfidence.OF_WORDS.of(1)).isLessThan(1);
    assertThat(WrittenConfidence.OF_WORDS.of(0)).isPositive();
  }

  private static double probability(double odds) {
    return 1 / (1 + Math.exp(-odds));
  }
}
