package io.fewshot.stream;

import io.fewshot.event.Result;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.ops.SparseLog;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.BaseUnits;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.kafka.streams.processor.TaskId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one application counts, and what of it is worth a line. Safe for use by several threads. */
final class StreamMeters {

  static final String CORRECTIONS_BY_QUERY = "corrections-by-query";
  static final String SEEN = "seen";
  static final String VALID_TASKS = "valid-tasks";
  static final String AUDITS = "audits";
  static final String ENCODED_EXAMPLES = "encoded-examples";

  /** Internal topics, which are open to whoever can write. */
  private static final List<String> INTERNAL =
      List.of(CORRECTIONS_BY_QUERY, SEEN, VALID_TASKS, AUDITS, ENCODED_EXAMPLES);

  private static final String WAITING = "fewshot.waiting";
  private static final double[] CONFIDENCES = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};
  private static final Duration[] LATENCIES =
      LongStream.of(20, 50, 100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
          .mapToObj(Duration::ofMillis)
          .toArray(Duration[]::new);

  private static final Logger LOG = LoggerFactory.getLogger(StreamMeters.class);

  private final SparseLog log = new SparseLog(LOG);
  private final MeterRegistry registry;
  private final DistributionSummary batchSize;
  private final Timer batchTime;
  private final Map<DeadLetters.Reason, Counter> deadLetters =
      new EnumMap<>(DeadLetters.Reason.class);
  private final Map<String, Counter> unreadable = new HashMap<>();
  private final Map<TaskId, Long> waiting = new ConcurrentHashMap<>();

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
    // From the start, so that the first one is seen as a change.
    for (DeadLetters.Reason reason : DeadLetters.Reason.values()) {
      deadLetters.put(
          reason,
          Counter.builder("fewshot.dead.letters")
              .description("Records that could not be processed")
              .tag("reason", reason.name())
              .register(registry));
    }
    for (String topic : INTERNAL) {
      unreadable.put(
          topic,
          Counter.builder("fewshot.records.unreadable")
              .description("Records of internal topics that could not be read")
              .tag("topic", topic)
              .register(registry));
    }
  }

  /** For the application that answers: what waits to be answered. */
  StreamMeters withWaiting() {
    // A topology that is built anew has a new room, and the registry would keep looking at the old.
    Gauge old = registry.find(WAITING).gauge();
    if (old != null) {
      registry.remove(old);
    }
    Gauge.builder(WAITING, waiting, StreamMeters::sum)
        .description("Messages on this instance that wait to be answered")
        .strongReference(true)
        .register(registry);
    return this;
  }

  /** For the application that answers: the examples that it can be asked about. */
  StreamMeters withExamples(ExampleMemory memory) {
    Gauge.builder("fewshot.examples", memory, ExampleMemory::size)
        .description("Examples of all tasks in the memory of this instance")
        .strongReference(true)
        .register(registry);
    Gauge.builder("fewshot.examples.left.out", memory, ExampleMemory::leftOut)
        .description("Examples that the memory was too full for since it was last filled")
        .strongReference(true)
        .register(registry);
    Gauge.builder("fewshot.memory.limit", memory, ExampleMemory::limit)
        .description("Bytes of the heap that the examples may take")
        .baseUnit(BaseUnits.BYTES)
        .strongReference(true)
        .register(registry);
    Gauge.builder("fewshot.memory.used", memory, ExampleMemory::used)
        .description("Bytes of the heap that the examples take, estimated")
        .baseUnit(BaseUnits.BYTES)
        .strongReference(true)
        .register(registry);
    return this;
  }

  private static double sum(Map<TaskId, Long> waiting) {
    return waiting.values().stream().mapToLong(Long::longValue).sum();
  }

  /**
   * @param dryRun tried out by somebody, which says nothing about what is asked
   */
  void answered(Result result, boolean dryRun) {
    Counter.builder("fewshot.dry.runs")
        .description("Dry runs answered; they are no messages")
        .tag("task", result.getTask())
        .register(registry)
        .increment(dryRun ? 1 : 0);
    if (dryRun) {
      return;
    }
    Counter.builder("fewshot.messages")
        .description("Messages answered")
        .tag("task", result.getTask())
        .tag("rung", result.getRung())
        .tag("status", result.getStatus().name())
        .register(registry)
        .increment();
    DistributionSummary.builder("fewshot.confidence")
        .description("Calibrated confidence of answers")
        .serviceLevelObjectives(CONFIDENCES)
        .tag("task", result.getTask())
        .register(registry)
        .record(result.getConfidence());
    Timer.builder("fewshot.latency")
        .description("From a query's record to its result")
        .serviceLevelObjectives(LATENCIES)
        .tag("task", result.getTask())
        .register(registry)
        .record(result.getLatencyMs(), TimeUnit.MILLISECONDS);
    DistributionSummary.builder("fewshot.prompt.tokens")
        .description("Tokens of the prompts, and so what the language model had to read")
        .tag("task", result.getTask())
        .register(registry)
        .record(result.getPromptTokens());
    Counter.builder("fewshot.truncated")
        .description("Messages that were cut for the language model")
        .tag("task", result.getTask())
        .register(registry)
        .increment(result.getTruncated() ? 1 : 0);
  }

  /** How many messages of a partition wait on this instance to be answered. */
  void waiting(TaskId task, long messages) {
    if (messages == 0) {
      waiting.remove(task);
    } else {
      waiting.put(task, messages);
    }
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

  /**
   * A record of an internal topic was passed over.
   *
   * @param topic its label, one of the constants here
   */
  void unreadable(String topic, String why) {
    Objects.requireNonNull(unreadable.get(topic)).increment();
    log.warn(topic, () -> "Passed over a record of %s: %s".formatted(topic, why));
  }

  /** Counts a record that was given up, and says so. */
  void deadLetter(RawRecord raw, DeadLetters.Reason reason, Throwable cause) {
    log.warn(
        reason.name(),
        () ->
            "Dead letter %s from %s-%d@%d: %s"
                .formatted(reason, raw.topic(), raw.partition(), raw.offset(), cause.getMessage()));
    Objects.requireNonNull(deadLetters.get(reason)).increment();
  }
}
