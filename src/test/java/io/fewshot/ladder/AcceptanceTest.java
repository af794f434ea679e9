package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.prompt.Promise;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AcceptanceTest {

  private static final Set<Rung> NEIGHBOURS = Set.of(Rung.NEIGHBOURS);

  private static Calibration calibration(double... confidences) {
    return new Calibration(Fusion.defaults(NEIGHBOURS), -1, confidences);
  }

  private static TaskDefinition task(Promise promise) {
    return new TaskYaml().parse("task: t\ninstruction: i\n").withPromise(promise);
  }

  private static double accepts(Promise promise, Calibration calibration) {
    return Acceptance.accepts(task(promise), calibration, new AuditBook().proof(task(promise)));
  }

  private static double suffices(Promise promise, Calibration calibration) {
    return Acceptance.suffices(task(promise), calibration, new AuditBook().proof(task(promise)));
  }

  @Test
  void accuracyAndConfidenceAreThresholds() {
    assertThat(accepts(new Promise.Accuracy(0.97), calibration())).isEqualTo(0.97);
    assertThat(accepts(new Promise.Confidence(0.8), calibration())).isEqualTo(0.8);
    assertThat(suffices(new Promise.Accuracy(0.97), calibration())).isEqualTo(0.97);
  }

  @Test
  void shareIsTheConfidenceThatSoManyReach() {
    // Given
    Calibration calibration = calibration(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99);

    // When
    double threshold = accepts(new Promise.Share(0.8), calibration);

    // Then: 8 of 10 are at least 0.3
    assertThat(threshold).isEqualTo(0.3);
    assertThat(suffices(new Promise.Share(0.8), calibration)).isEqualTo(0.95);
  }

  @Test
  void costAcceptsWhatIsLikelierRightThanWrong() {
    assertThat(accepts(new Promise.CostMs(10), calibration())).isEqualTo(0.5);
  }

  @Test
  void aRungThatCostTooMuchIsNotAskedAgain() {
    // Given
    Costs costs = new Costs();
    Promise promise = new Promise.CostMs(50);
    assertThat(costs.allows(promise, "t", Rung.FEW_SHOT)).isTrue();

    // When
    costs.measured("t", Rung.FEW_SHOT, 2, 200_000_000);

    // Then
    assertThat(costs.allows(promise, "t", Rung.FEW_SHOT)).isFalse();
    assertThat(costs.allows(promise, "other", Rung.FEW_SHOT)).isTrue();
    assertThat(costs.allows(new Promise.Accuracy(0.9), "t", Rung.FEW_SHOT)).isTrue();
  }
}
