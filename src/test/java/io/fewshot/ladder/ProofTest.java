package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.ladder.AuditBook.Audited;
import io.fewshot.prompt.TaskDefinition.Start;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class ProofTest {

  private static final double PROMISED = 0.95;

  /** Messages drawn at random, whose answers are right as often as {@code rightness} says. */
  private static List<Audited> drawn(long seed, int n, DoubleUnaryOperator rightness) {
    Random random = new Random(seed);
    List<Audited> audits = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      double confidence = 0.4 + 0.6 * random.nextDouble();
      audits.add(
          new Audited(confidence, random.nextDouble() < rightness.applyAsDouble(confidence)));
    }
    return audits;
  }

  private static List<Audited> of(int right, int wrong, double confidence) {
    List<Audited> audits =
        new ArrayList<>(Collections.nCopies(right, new Audited(confidence, true)));
    audits.addAll(Collections.nCopies(wrong, new Audited(confidence, false)));
    return audits;
  }

  @Test
  void withoutAuditsNothingIsProven() {
    Proof proof = Proof.of(PROMISED, List.of());

    assertThat(proof.isProven()).isFalse();
    assertThat(proof.accepts(Start.CAUTIOUS)).isInfinite();
    assertThat(proof.accepts(Start.PROVISIONAL)).isEqualTo(PROMISED);
  }

  @Test
  void enoughRightAuditsProveItAndThoseThatAreJustAsPromisedDoNot() {
    assertThat(Proof.of(PROMISED, of(60, 0, 0.97)).isProven()).isFalse();
    Proof proof = Proof.of(PROMISED, of(150, 0, 0.97));
    assertThat(proof.isProven()).isTrue();
    assertThat(proof.atLeast()).isBetween(PROMISED, 0.97);
    assertThat(proof.accepts(Start.CAUTIOUS)).isLessThanOrEqualTo(PROMISED);
    assertThat(Proof.of(PROMISED, of(380, 20, 0.97)).isProven())
        .as("exactly as promised")
        .isFalse();
  }

  @Test
  void whatIsAlmostAlwaysRightIsAcceptedFromLessConfidenceOn() {
    Proof proof = Proof.of(PROMISED, drawn(1, 1500, confidence -> confidence > 0.6 ? 0.995 : 0.4));

    assertThat(proof.proven()).isBetween(0.55, 0.70);
    assertThat(proof.accepts(Start.PROVISIONAL)).isEqualTo(proof.proven());
  }

  @Test
  void whatIsTooOftenWrongTightensWhatIsAcceptedProvisionally() {
    // Given: right in 70 % of the cases up to a confidence of 0.98, nearly always above
    List<Audited> audits = of(140, 60, 0.96);
    audits.addAll(of(300, 0, 0.99));

    // When
    Proof proof = Proof.of(PROMISED, audits);

    // Then: all together are worse than promised, the surest are not
    assertThat(proof.accepts(Start.PROVISIONAL)).isBetween(0.965, 0.99);
    assertThat(proof.accepts(Start.CAUTIOUS)).isBetween(0.965, 0.99);
  }

  @Test
  void whatIsNeverRightIsNeverAccepted() {
    Proof proof = Proof.of(PROMISED, of(0, 100, 1.0));

    assertThat(proof.accepts(Start.PROVISIONAL)).isGreaterThan(1);
    assertThat(proof.accepts(Start.CAUTIOUS)).isInfinite();
  }

  /**
   * Somebody looks after every tenth audit and believes the first proof. Answers get worse with
   * less confidence and keep the promise nowhere, so each proof is a false one.
   */
  @Test
  void aPromiseThatIsNotKeptIsHardlyEverCalledProvenHoweverOftenOneLooks() {
    int runs = 300;
    int fooled = 0;
    for (int seed = 0; seed < runs; seed++) {
      List<Audited> audits = drawn(seed, 600, confidence -> PROMISED - 0.3 * (1 - confidence));
      boolean proven = false;
      for (int n = 10; n <= audits.size() && !proven; n += 10) {
        proven = Proof.of(PROMISED, audits.subList(0, n)).isProven();
      }
      fooled += proven ? 1 : 0;
    }

    // 5 % is what the level allows, and three standard errors of 300 runs
    assertThat(fooled / (double) runs).isLessThan(0.05 + 0.038);
  }

  /** The same for the threshold that is chosen among many: it must keep the promise. */
  @Test
  void theChosenConfidenceKeepsThePromiseInNearlyAllRuns() {
    // Given: the accuracy of what is accepted from c on falls below the promise at c = 0.8
    DoubleUnaryOperator rightness = confidence -> confidence >= 0.8 ? 0.99 : 0.75;
    int runs = 200;
    int broken = 0;
    int useful = 0;

    // When
    for (int seed = 0; seed < runs; seed++) {
      Proof proof = Proof.of(PROMISED, drawn(seed, 1000, rightness));
      broken += proof.isProven() && trueAccuracy(proof.proven()) < PROMISED ? 1 : 0;
      useful += proof.isProven() && proof.proven() < 0.9 ? 1 : 0;
    }

    // Then
    assertThat(broken / (double) runs).isLessThan(0.05 + 0.046);
    assertThat(useful).isGreaterThan(runs / 2);
  }

  /** Confidences are spread evenly. */
  private static double trueAccuracy(double from) {
    double below = Math.max(0, 0.8 - from);
    return (0.2 * 0.99 + below * 0.75) / (0.2 + below);
  }
}
