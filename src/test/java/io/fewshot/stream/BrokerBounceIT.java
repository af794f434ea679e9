package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.EmbeddedBroker;
import io.fewshot.event.Result;
import io.fewshot.ops.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokerBounceIT {

  @TempDir Path folder;

  @Test
  void answersGoOnSoonAfterABrokerThatWasAwayForASecond() throws Exception {
    // Given
    try (RunningStream stream = new RunningStream(folder, Map.of(Settings.RUNGS, "neighbours"))) {
      stream.awaitReady(Duration.ofSeconds(120));
      stream.define(
          "greet", "task: greet\ninstruction: Name the intent.\nrungs: [neighbours]\naudit: 0\n");
      for (int i = 0; i < 50; i++) {
        stream.ask("before" + i, "greet", "hello, this is message " + i);
      }
      await().atMost(Duration.ofSeconds(30)).until(() -> answered(stream).size() >= 50);

      // When
      int port = stream.broker.port();
      stream.broker.close();
      LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
      try (EmbeddedBroker again = EmbeddedBroker.start(folder.resolve("broker"), port)) {
        long back = System.nanoTime();
        for (int i = 0; i < 50; i++) {
          stream.ask("after" + i, "greet", "hello, this is message " + i);
        }

        // Then
        await()
            .dontCatchUncaughtExceptions()
            .atMost(Duration.ofSeconds(60))
            .until(() -> answered(stream).size() >= 100);
        System.err.printf("answered again after %d ms%n", (System.nanoTime() - back) / 1_000_000);
        assertThat(Duration.ofNanos(System.nanoTime() - back)).isLessThan(Duration.ofSeconds(20));
        assertThat(new HashSet<>(answered(stream))).hasSize(100);
        stream.awaitReady(Duration.ofSeconds(30));
        stream.service.close();
      }
    }
  }

  private static List<String> answered(RunningStream stream) {
    return stream.records(stream.topics.results().name(), Result.class).stream()
        .map(Result::getQueryId)
        .toList();
  }
}
