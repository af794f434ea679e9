package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.event.TrainingExample;
import io.fewshot.ops.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loop on a real broker with the real encoder: asked, corrected, known, forgotten. */
class LearningLoopIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TASK = "intent";
  private static final String YAML =
      """
      task: intent
      instruction: Name the intent.
      language: en
      rungs: [neighbours]
      audit: 0
      """;

  @TempDir Path folder;

  @Test
  void whatIsCorrectedIsKnownToTheNextSimilarMessageAndWhatIsForgottenLeavesNoTrace()
      throws Exception {
    try (RunningStream stream = new RunningStream(folder, Map.of(Settings.RUNGS, "neighbours"))) {
      // Given a message that nothing is known about
      stream.define(TASK, YAML);
      stream.ask("q1", TASK, "I was charged twice for one purchase");
      assertThat(result(stream, "q1").getStatus()).isEqualTo(Status.NEEDS_REVIEW);

      // When a person answers
      stream.correct("q1", "charged_twice", null, null);

      // Then the result is corrected and the next similar message is known
      await()
          .atMost(PATIENCE)
          .until(() -> stream.service.memory().task(TASK).get("query:q1").isPresent());
      stream.ask("q2", TASK, "I have been charged twice for a purchase");
      Result next = result(stream, "q2");
      assertThat(next.getOutput()).isEqualTo("charged_twice");
      assertThat(next.getRung()).isEqualTo("neighbours");
      assertThat(next.getExampleIds()).contains("query:q1");
      assertThat(results(stream))
          .filteredOn(result -> result.getStatus() == Status.CORRECTED)
          .singleElement()
          .satisfies(result -> assertThat(result.getQueryId()).isEqualTo("q1"));
      assertThat(stream.records(stream.topics.sftDataset().name(), TrainingExample.class))
          .singleElement()
          .satisfies(record -> assertThat(record.getOutput()).isEqualTo("charged_twice"));

      // When it is forgotten
      stream.forget("q1");

      // Then it is nowhere
      await()
          .atMost(PATIENCE)
          .until(() -> stream.service.memory().task(TASK).get("query:q1").isEmpty());
      assertThat(latest(stream, stream.topics.sftDataset().name())).isEmpty();
      assertThat(latest(stream, stream.topics.examples().name())).isEmpty();
      assertThat(latest(stream, stream.topics.encodedExamples().name())).isEmpty();
      stream.ask("q3", TASK, "I have been charged twice for a purchase");
      assertThat(result(stream, "q3").getExampleIds()).isEmpty();
      assertThat(stream.read(stream.topics.deadLetters().name())).isEmpty();
    }
  }

  private static Result result(RunningStream stream, String queryId) {
    await()
        .atMost(PATIENCE)
        .until(() -> results(stream).stream().anyMatch(r -> r.getQueryId().equals(queryId)));
    return results(stream).stream()
        .filter(r -> r.getQueryId().equals(queryId))
        .findFirst()
        .orElseThrow();
  }

  private static List<Result> results(RunningStream stream) {
    return stream.records(stream.topics.results().name(), Result.class);
  }

  /** What compaction would leave of a topic. */
  private static Map<String, byte[]> latest(RunningStream stream, String topic) {
    Map<String, byte[]> latest = new HashMap<>();
    stream
        .read(topic)
        .forEach(
            record -> {
              latest.remove(record.key());
              if (record.value() != null) {
                latest.put(record.key(), record.value());
              }
            });
    return latest;
  }
}
