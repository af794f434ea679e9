package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.cli.StreamInstances.Instance;
import io.fewshot.event.Result;
import io.fewshot.event.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two instances, as processes of their own, under load: one is killed with -9 and started again,
 * the broker is killed and comes back. Every query has exactly one committed result.
 */
class CrashIT {

  private static final int QUERIES = 900;

  /** About 45 queries a second, so that the faults fall into the load. */
  private static final Duration PAUSE = Duration.ofMillis(22);

  @TempDir Path folder;

  @Test
  void everyQueryHasExactlyOneResult() throws Exception {
    killRestartAndBounceUnderLoad();
  }

  @Tag("slow")
  @RepeatedTest(5)
  void everyQueryHasExactlyOneResultAgainAndAgain() throws Exception {
    killRestartAndBounceUnderLoad();
  }

  private void killRestartAndBounceUnderLoad() throws Exception {
    try (StreamInstances lab = new StreamInstances(folder, Topics.DEFAULT_PARTITIONS)) {
      Instance first = lab.launch();
      Instance second = lab.launch();
      StreamInstances.awaitReady(first);
      StreamInstances.awaitReady(second);

      CompletableFuture<Integer> load =
          CompletableFuture.supplyAsync(() -> lab.publish(QUERIES, PAUSE));
      lab.awaitResults(QUERIES / 6);
      first.process().destroyForcibly().waitFor();
      StreamInstances.awaitReady(lab.launch());
      lab.killBroker();
      lab.startBroker();
      load.get(5, TimeUnit.MINUTES);

      List<Result> results = lab.awaitResults(QUERIES);
      assertThat(results).extracting(Result::getQueryId).doesNotHaveDuplicates().hasSize(QUERIES);
      assertOrder(results);
      assertThat(lab.deadLetters()).isZero();
    }
  }

  static void assertOrder(List<Result> results) {
    Map<Integer, Integer> last = new HashMap<>();
    for (Result result : results) {
      int number = Integer.parseInt(result.getQueryId());
      int key = number % StreamInstances.KEYS;
      Integer before = last.put(key, number);
      assertThat(before == null || before < number).as("order of key %d", key).isTrue();
    }
  }
}
