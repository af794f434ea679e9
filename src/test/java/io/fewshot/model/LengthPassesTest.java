package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LengthPassesTest {

  @Test
  void everySequenceIsInOnePassAndNoLaneIsIdle() {
    int[] lengths = new Random(1).ints(200, 3, 90).toArray();

    List<List<Integer>> passes = LengthPasses.of(lengths, 512, 2);

    assertThat(passes.stream().flatMap(List::stream))
        .hasSize(200)
        .doesNotHaveDuplicates()
        .isSortedAccordingTo((a, b) -> Integer.compare(lengths[a], lengths[b]));
    assertThat(passes.size() % 2).isZero();
    assertThat(passes)
        .allSatisfy(
            pass ->
                assertThat(pass.stream().mapToInt(place -> lengths[place]).sum())
                    .isBetween(300, 512 + 45));
  }

  @Test
  void aSequenceThatIsLongerThanAPassStandsAlone() {
    assertThat(LengthPasses.of(new int[] {900, 10, 12}, 100, 1))
        .containsExactly(List.of(1, 2), List.of(0));
    assertThat(LengthPasses.of(new int[0], 100, 2)).isEmpty();
  }
}
