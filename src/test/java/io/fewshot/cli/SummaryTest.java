package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fewshot.event.Candidate;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.prompt.Kind;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SummaryTest {

  @Test
  void countsFirstResultsAgainstTheLabels() {
    // Given right, wrong, null and unlabeled answers, and a dead letter
    Summary summary = new Summary(Kind.CLASSIFY);
    summary.add(result("a", Status.ACCEPTED, "neighbours"), "a");
    summary.add(result("b", Status.ACCEPTED, "few-shot"), "a");
    summary.add(result(null, Status.NEEDS_REVIEW, "few-shot"), "a");
    summary.add(result("a", Status.NEEDS_REVIEW, "few-shot"), "a");
    summary.add(result("a", Status.NEEDS_REVIEW, "few-shot"), null);
    summary.addDeadLetter();

    // When
    JsonNode json = summary.json(2, JsonLines.object()).path("summary");

    // Then
    assertThat(json.path("count").asInt()).isEqualTo(5);
    assertThat(json.path("dead_letters").asInt()).isEqualTo(1);
    assertThat(json.path("accepted_share").asDouble()).isEqualTo(0.4);
    assertThat(json.path("accuracy").asDouble()).isEqualTo(0.5);
    assertThat(json.path("accepted_accuracy").asDouble()).isEqualTo(0.5);
    assertThat(json.path("messages_per_s").asDouble()).isEqualTo(3);
    assertThat(json.path("rungs").toString()).isEqualTo("{\"few-shot\":4,\"neighbours\":1}");
  }

  @Test
  void accuraciesAreNullWithoutLabels() {
    Summary summary = new Summary(Kind.CLASSIFY);
    summary.add(result("a", Status.ACCEPTED, "neighbours"), null);

    JsonNode json = summary.json(1, JsonLines.object()).path("summary");

    assertThat(json.path("accuracy").isNull()).isTrue();
    assertThat(json.path("accepted_accuracy").isNull()).isTrue();
    assertThat(summary.lines(1)).noneMatch(line -> line.contains("right"));
  }

  @Test
  void extractedJsonCountsByWhatItSays() {
    Summary summary = new Summary(Kind.EXTRACT);
    Result result = result("{\"a\": 1, \"b\": [2]}", Status.ACCEPTED, "few-shot");

    assertThat(summary.isRight(result, "{\"b\":[2],\"a\":1}")).isTrue();
    assertThat(summary.isRight(result, "{\"b\":[2]}")).isFalse();
    assertThat(summary.isRight(result, "no json")).isFalse();
  }

  private static Result result(@Nullable String output, Status status, String rung) {
    return Result.newBuilder()
        .setQueryId("q")
        .setTask("t")
        .setStatus(status)
        .setOutput(output)
        .setConfidence(0.5)
        .setCandidates(List.of(new Candidate("a", 0.5)))
        .setRung(rung)
        .setExampleIds(List.of())
        .setModelVersion("m")
        .setPromptTokens(0)
        .setTruncated(false)
        .setLatencyMs(1)
        .build();
  }
}
