package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fewshot.ladder.Metrics.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;

class MetricsTest {

  private static Outcome right(double confidence) {
    return new Outcome("a", "a", confidence);
  }

  private static Outcome wrong(double confidence) {
    return new Outcome("a", "b", confidence);
  }

  @Test
  void noAnswerIsAWrongAnswer() {
    assertThat(Metrics.accuracy(List.of(right(1), new Outcome("a", null, 0)))).isEqualTo(0.5);
  }

  @Test
  void macroF1CountsEachLabelAlike() {
    // Given: a is found 2 of 3 times and never claimed falsely, b is found once and claimed twice
    List<Outcome> outcomes =
        List.of(
            new Outcome("a", "a", 1),
            new Outcome("a", "a", 1),
            new Outcome("a", "b", 1),
            new Outcome("b", "b", 1));

    // Then: F1 of a is 2·2/(3+2), of b 2·1/(1+2)
    assertThat(Metrics.macroF1(outcomes)).isCloseTo((0.8 + 2.0 / 3) / 2, within(1e-12));
  }

  @Test
  void calibrationErrorIsWeightedByBin() {
    // Given: 0.90 and 0.92 share the bin from 13/15 to 14/15; 0.5 is alone
    List<Outcome> outcomes = List.of(right(0.90), wrong(0.92), right(0.5));

    // Then: (|1.82 - 1| + |0.5 - 1|) / 3
    assertThat(Metrics.ece(outcomes)).isCloseTo((0.82 + 0.5) / 3, within(1e-12));
  }

  @Test
  void fullConfidenceFallsIntoTheLastBin() {
    assertThat(Metrics.ece(List.of(right(1.0)))).isZero();
  }

  @Test
  void areaUnderRiskAveragesOverCoverage() {
    // Given: risks among the first 1, 2, 3 are 0, 1/2, 1/3
    List<Outcome> outcomes = List.of(right(0.7), wrong(0.8), right(0.9));

    // Then
    assertThat(Metrics.aurc(outcomes)).isCloseTo((0 + 0.5 + 1.0 / 3) / 3, within(1e-12));
  }

  @Test
  void equalConfidencesDoNotDependOnOrder() {
    // Given
    List<Outcome> one = List.of(right(0.5), wrong(0.5));
    List<Outcome> other = List.of(wrong(0.5), right(0.5));

    // Then: the risk is 1/2 at either coverage
    assertThat(Metrics.aurc(one)).isEqualTo(Metrics.aurc(other)).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void nothingMeasuredIsNotANumber() {
    assertThat(
            List.of(
                Metrics.accuracy(List.of()),
                Metrics.macroF1(List.of()),
                Metrics.ece(List.of()),
                Metrics.aurc(List.of())))
        .allMatch(value -> value.isNaN());
  }
}
