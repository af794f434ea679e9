package io.fewshot.labeling;

import static io.fewshot.labeling.LabelingFixtures.T0;
import static io.fewshot.labeling.LabelingFixtures.TASK;
import static io.fewshot.labeling.LabelingFixtures.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fewshot.event.Reason;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TaskPanelTest {

  private static FirstResult first(String output, double confidence, boolean accepted) {
    return new FirstResult(TASK, output, confidence, accepted, "few-shot");
  }

  private static Labeled labeled(int at, Reason reason, FirstResult first, String output) {
    Ballot.Vote vote = new Ballot.Vote("ann", output, T0.plusSeconds(at));
    String id = "q" + at;
    return new Labeled(
        id,
        TASK,
        request(id, reason, first.confidence(), 0),
        first,
        null,
        vote,
        List.of(vote),
        Ballot.State.AGREED);
  }

  @Test
  void theAcceptedAreJudgedByAuditsAndTheWholeByShares() {
    // Given 80 of 100 accepted; of 4 audits 3 are right, of 2 reviews 1
    List<FirstResult> results =
        IntStream.range(0, 100).mapToObj(i -> first("a", 0.9, i < 80)).toList();
    FirstResult accepted = first("a", 0.95, true);
    FirstResult asked = first("a", 0.35, false);
    List<Labeled> labeled =
        Stream.of(
                labeled(1, Reason.AUDIT, accepted, "a"),
                labeled(2, Reason.AUDIT, accepted, "a"),
                labeled(3, Reason.AUDIT, accepted, " a "),
                labeled(4, Reason.AUDIT, accepted, "b"),
                labeled(5, Reason.LOW_CONFIDENCE, asked, "a"),
                labeled(6, Reason.LOW_CONFIDENCE, asked, "b"))
            .toList();

    // When
    TaskPanel panel = TaskPanel.of(results, labeled);

    // Then
    assertThat(panel.acceptedShare()).isEqualTo(0.8);
    assertThat(panel.accepted().value()).isEqualTo(0.75);
    assertThat(panel.accepted().low()).isBetween(0.2, 0.5);
    assertThat(panel.accepted().high()).isBetween(0.9, 1.0);
    assertThat(panel.review().value()).isEqualTo(0.5);
    assertThat(panel.all()).isCloseTo(0.8 * 0.75 + 0.2 * 0.5, within(1e-9));
    assertThat(panel.reliability()).extracting(TaskPanel.Bin::right).containsExactly(0.5, 0.75);
    assertThat(panel.learning()).hasSize(6);
    assertThat(panel.learning().get(3).accuracy()).isEqualTo(0.75);
    assertThat(panel.rungs()).containsEntry("few-shot", 100);
  }

  @Test
  void withoutAuditsNothingIsClaimed() {
    TaskPanel panel = TaskPanel.of(List.of(first("a", 0.9, true)), List.of());

    assertThat(panel.accepted()).isNull();
    assertThat(panel.all()).isNull();
    assertThat(TaskPanel.of(List.of(), List.of()).acceptedShare()).isNull();
  }
}
