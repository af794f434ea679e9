package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.event.Method;
import io.fewshot.event.Split;
import io.fewshot.ops.HealthPages;
import io.fewshot.ops.MetricsTable;
import io.fewshot.ops.Settings;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A head: labels with errors, which a line through all of them sees past and neighbours do not. */
class ReleasesIT extends ReleaseScenario {

  private final Random errors = new Random(1);

  @Override
  Map<String, String> settings() {
    return Map.of(Settings.RUNGS, "neighbours,head");
  }

  @Override
  Story story() {
    return new Story(
        Method.AUTO,
        Method.HEAD,
        "task: who\ninstruction: Name who writes.\nlanguage: en\nrungs: [head]\naudit: 0\n",
        "Peter wants to ask about the umbrella",
        List.of("man", "woman"),
        "head",
        "+head-",
        "bge-small-en.*");
  }

  @Override
  Sample sample(String name, String sentence, Split split) {
    boolean wrong = split == Split.TRAIN && errors.nextDouble() < 0.3;
    return new Sample(sentence, name.endsWith("a") != wrong ? "woman" : "man");
  }

  /** All that was counted meanwhile is described, and nothing else is. */
  @Override
  void afterwards() throws IOException {
    stream.correct("a", "man", TASK, "John wants to sell the yacht");
    theTableDescribesWhatIsServed();
  }

  private void theTableDescribesWhatIsServed() throws IOException {
    MetricsTable table = new MetricsTable();
    String trainers = new HealthPages(stream.health, trainerMetrics).page("/metrics").body();
    table.assertDescribes(trainers, "trainer");
    HealthPages pages = new HealthPages(stream.health, stream.metrics);
    // Kafka's meters are looked for once a minute.
    await()
        .atMost(Duration.ofSeconds(90))
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(() -> table.assertDescribes(pages.page("/metrics").body(), "stream"));
    assertThat(pages.page("/metrics").body().lines().filter(line -> !line.startsWith("#")))
        .as("series of an instance that has all partitions")
        .hasSizeLessThan(1_500);
  }
}
