package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.ops.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamsProtocolIT {

  @TempDir Path folder;

  @Test
  void bothApplicationsRunWithTheProtocolOfTheBroker() throws Exception {
    // Given
    try (RunningStream stream =
        new RunningStream(
            folder, Map.of(Settings.RUNGS, "neighbours", "group.protocol", "streams"))) {
      stream.awaitReady(Duration.ofSeconds(120));
      stream.define(
          "greet", "task: greet\ninstruction: Name the intent.\nrungs: [neighbours]\naudit: 0\n");

      // When
      stream.ask("q1", "greet", "hello there");
      stream.correct("q1", "greeting", null, null);

      // Then
      await()
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(
              () ->
                  assertThat(stream.records(stream.topics.results().name(), Result.class))
                      .extracting(Result::getStatus)
                      .contains(Status.NEEDS_REVIEW, Status.CORRECTED));
    }
  }
}
