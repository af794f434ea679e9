package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.ops.Metrics;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is scraped after known values. */
class StreamMetersTest {

  private final Metrics metrics = new Metrics();
  private final StreamMeters meters = new StreamMeters(metrics.registry());

  @AfterEach
  void close() {
    metrics.close();
  }

  private static Result result(double confidence, long latencyMillis) {
    return Result.newBuilder()
        .setQueryId("q")
        .setTask("t")
        .setStatus(Status.ACCEPTED)
        .setOutput("a")
        .setConfidence(confidence)
        .setCandidates(List.of())
        .setRung("neighbours")
        .setExampleIds(List.of())
        .setModelVersion("m")
        .setPromptTokens(10)
        .setTruncated(false)
        .setLatencyMs(latencyMillis)
        .setCreatedAt(Instant.EPOCH)
        .build();
  }

  private double value(String series) {
    Matcher line =
        Pattern.compile("^" + Pattern.quote(series) + " (\\S+)$", Pattern.MULTILINE)
            .matcher(metrics.scrape());
    assertThat(line.find()).as("%s in %s", series, metrics.scrape()).isTrue();
    return Double.parseDouble(line.group(1));
  }

  @Test
  void eachConfidenceLiesInItsBucket() {
    // When
    for (double confidence : new double[] {0, 0.05, 0.35, 0.4, 0.83, 0.97, 1}) {
      meters.answered(result(confidence, 1), false);
    }

    // Then
    assertThat(value("fewshot_confidence_bucket{task=\"t\",le=\"0.1\"}")).isEqualTo(2);
    assertThat(value("fewshot_confidence_bucket{task=\"t\",le=\"0.3\"}")).isEqualTo(2);
    assertThat(value("fewshot_confidence_bucket{task=\"t\",le=\"0.4\"}")).isEqualTo(4);
    assertThat(value("fewshot_confidence_bucket{task=\"t\",le=\"0.9\"}")).isEqualTo(5);
    assertThat(value("fewshot_confidence_bucket{task=\"t\",le=\"0.95\"}")).isEqualTo(5);
    assertThat(value("fewshot_confidence_bucket{task=\"t\",le=\"+Inf\"}")).isEqualTo(7);
    assertThat(value("fewshot_confidence_count{task=\"t\"}")).isEqualTo(7);
    assertThat(value("fewshot_confidence_sum{task=\"t\"}")).isCloseTo(3.6, within(1e-9));
    assertThat(value("fewshot_confidence_max{task=\"t\"}")).isEqualTo(1);
  }

  @Test
  void eachLatencyLiesInItsBucket() {
    for (long millis : new long[] {1, 19, 250, 5_000, 59_000, 61_000}) {
      meters.answered(result(1, millis), false);
    }

    assertThat(value("fewshot_latency_seconds_bucket{task=\"t\",le=\"0.02\"}")).isEqualTo(2);
    assertThat(value("fewshot_latency_seconds_bucket{task=\"t\",le=\"0.2\"}")).isEqualTo(2);
    assertThat(value("fewshot_latency_seconds_bucket{task=\"t\",le=\"0.3\"}")).isEqualTo(3);
    assertThat(value("fewshot_latency_seconds_bucket{task=\"t\",le=\"5.0\"}")).isEqualTo(4);
    assertThat(value("fewshot_latency_seconds_bucket{task=\"t\",le=\"60.0\"}")).isEqualTo(5);
    assertThat(value("fewshot_latency_seconds_bucket{task=\"t\",le=\"+Inf\"}")).isEqualTo(6);
  }

  @Test
  void anApplicationThatIsBuiltAnewGoesOnCounting() {
    meters.answered(result(0.35, 1), false);

    new StreamMeters(metrics.registry()).answered(result(0.35, 1), false);

    assertThat(value("fewshot_confidence_bucket{task=\"t\",le=\"0.4\"}")).isEqualTo(2);
  }

  @Test
  void dryRunsAreNoMessages() {
    meters.answered(result(0.5, 1), false);

    meters.answered(result(0.5, 1), true);

    assertThat(value("fewshot_dry_runs_total{task=\"t\"}")).isEqualTo(1);
    assertThat(value("fewshot_messages_total{rung=\"neighbours\",status=\"ACCEPTED\",task=\"t\"}"))
        .isEqualTo(1);
    assertThat(value("fewshot_confidence_count{task=\"t\"}")).isEqualTo(1);
    assertThat(value("fewshot_latency_seconds_count{task=\"t\"}")).isEqualTo(1);
  }
}
