package io.fewshot.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.training.Gate.Reason;
import io.fewshot.training.Gate.Verdict;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class GateTest {

  @Test
  void theBetterOneIsReleased() {
    Verdict verdict = decide(200, 12, 2, Reason.NONE);

    assertThat(verdict.released()).isTrue();
    assertThat(verdict.candidate()).isEqualTo(0.99);
    assertThat(verdict.incumbent()).isEqualTo(0.94);
    assertThat(verdict.why()).startsWith("better: ").contains("on 200 messages", "12 won");
  }

  @Test
  void whatMayBeNoiseIsNot() {
    Verdict verdict = decide(200, 5, 2, Reason.NONE);

    assertThat(verdict.released()).isFalse();
    assertThat(verdict.why()).startsWith("not better beyond noise");
  }

  @Test
  void theCheaperOneMayBeAsGood() {
    assertThat(decide(2000, 10, 10, Reason.CHEAPER).released()).isTrue();
    assertThat(decide(2000, 10, 10, Reason.NONE).released()).isFalse();
    // Too few messages to know that it loses no more than the margin.
    assertThat(decide(100, 3, 3, Reason.CHEAPER).released()).isFalse();
    assertThat(decide(2000, 10, 40, Reason.CHEAPER).released()).isFalse();
  }

  @Test
  void whatForgetsIsRefusedOnlyIfItIsWorse() {
    assertThat(decide(100, 0, 0, Reason.FORGETS).released()).isTrue();
    assertThat(decide(100, 1, 3, Reason.FORGETS).released()).isTrue();
    assertThat(decide(100, 0, 8, Reason.FORGETS).released()).isFalse();
  }

  @Test
  void noAnswerIsAWrongOne() {
    List<String> none = new ArrayList<>(Collections.nCopies(10, null));

    Verdict verdict =
        Gate.STANDARD.decide(
            Collections.nCopies(10, "a"),
            Collections.nCopies(10, "a"),
            none,
            Reason.NONE,
            "messages");

    assertThat(verdict.released()).isTrue();
    assertThat(verdict.incumbent()).isZero();
  }

  private static Verdict decide(int n, int won, int lost, Reason reason) {
    List<String> truth = Collections.nCopies(n, "a");
    List<String> candidate = new ArrayList<>(truth);
    List<String> incumbent = new ArrayList<>(truth);
    for (int i = 0; i < won; i++) {
      incumbent.set(i, "b");
    }
    for (int i = 0; i < lost; i++) {
      candidate.set(won + i, "b");
    }
    return Gate.STANDARD.decide(truth, candidate, incumbent, reason, "messages");
  }
}
