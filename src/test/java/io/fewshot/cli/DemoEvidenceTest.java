package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Example;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DemoEvidenceTest {

  private final DemoEvidence evidence =
      DemoEvidence.of(
          List.of(
              example("1", "my box is overdue", "late"),
              example("2", "money back", "refund"),
              example("3", "pay me back", "refund")));

  @Test
  void theNearestExampleThatSpeaksForTheAnswerIsShown() {
    assertThat(evidence.of(result("refund", "1", "2", "3")))
        .isEqualTo("like \"money back\" and 2 more");
    assertThat(evidence.of(result("late", "1"))).isEqualTo("like \"my box is overdue\"");
  }

  @Test
  void whatSpeaksForAnotherAnswerIsNoEvidence() {
    assertThat(evidence.of(result("broken", "1", "2")))
        .isEqualTo("unlike \"my box is overdue\" (late) and 1 more");
    assertThat(evidence.of(result(null, "1"))).isEqualTo("unlike \"my box is overdue\" (late)");
  }

  @Test
  void anExampleOfElsewhereIsNamed() {
    assertThat(evidence.of(result("late", "query:7"))).isEqualTo("like query:7");
    assertThat(evidence.of(result("late"))).isEqualTo("no examples");
  }

  private static Example example(String id, String input, String output) {
    return Example.newBuilder()
        .setExampleId(id)
        .setTask("t")
        .setInput(input)
        .setOutput(output)
        .setSource("import")
        .setLabeler("")
        .build();
  }

  private static Result result(@Nullable String output, String... examples) {
    return Result.newBuilder()
        .setQueryId("q")
        .setTask("t")
        .setStatus(Status.ACCEPTED)
        .setOutput(output)
        .setConfidence(1)
        .setCandidates(List.of())
        .setRung("neighbours")
        .setExampleIds(List.of(examples))
        .setModelVersion("m")
        .setPromptTokens(0)
        .setTruncated(false)
        .setLatencyMs(1)
        .build();
  }
}
