package io.fewshot.stream;

import io.fewshot.event.Result;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What the applications count. */
final class StreamMeters {

  private final MeterRegistry registry;
  private final DistributionSummary batchSize;
  private final Timer batchTime;

  StreamMeters(MeterRegistry registry) {
    this.registry = registry;
    this.batchSize =
        DistributionSummary.builder("fewshot.batch.size")
            .description("Messages answered in one go")
            .register(registry);
    this.batchTime =
        Timer.builder("fewshot.batch.time")
            .description("How long a batch took to answer")
            .register(registry);
  }

  void answered(Result result) {
    Counter.builder("fewshot.messages")
        .description("Messages answered")
        .tag("task", result.getTask())
        .tag("rung", result.getRung())
        .tag("status", result.getStatus().name())
        .register(registry)
        .increment();
    DistributionSummary.builder("fewshot.confidence")
        .description("Calibrated confidence of answers")
        .tag("task", result.getTask())
        .register(registry)
        .record(result.getConfidence());
    Timer.builder("fewshot.latency")
        .description("From a query's record to its result")
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(10))
        .maximumExpectedValue(Duration.ofMinutes(1))
        .tag("task", result.getTask())
        .register(registry)
        .record(result.getLatencyMs(), TimeUnit.MILLISECONDS);
  }

  void batch(int messages, long nanos) {
    batchSize.record(messages);
    batchTime.record(nanos, TimeUnit.NANOSECONDS);
  }

  /**
   * @param outcome effective, repeated or forgotten; what was refused counts as a dead letter
   */
  void correction(String task, String outcome) {
    Counter.builder("fewshot.corrections")
        .description("Corrections that people made")
        .tag("task", task)
        .tag("outcome", outcome)
        .register(registry)
        .increment();
  }

  void deadLetter(DeadLetters.Reason reason) {
    Counter.builder("fewshot.dead.letters")
        .description("Records that could not be processed")
        .tag("reason", reason.name())
        .register(registry)
        .increment();
  }
}
