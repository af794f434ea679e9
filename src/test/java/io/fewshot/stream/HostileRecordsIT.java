package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.internal.AuditOutcome;
import io.fewshot.ops.Settings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Random and hostile records on every topic: no thread restarts, every query has one result or one
 * dead letter, and what is sound is answered and learned meanwhile. The seed is printed; run it
 * again with {@code -Dfewshot.hostile.seed=N}.
 */
class HostileRecordsIT {

  private static final Logger LOG = LoggerFactory.getLogger(HostileRecordsIT.class);
  private static final String TASK = "task: greet\ninstruction: Name the intent.\naudit: 1\n";

  /** A task that no hostile record can name: a tombstone of one may rightly end it. */
  private static final String KEPT = "kept";

  @TempDir Path folder;

  @Test
  void nothingStopsAndEveryQueryIsAccountedFor() throws Exception {
    flood(3_000);
  }

  @Tag("slow")
  @Test
  void nothingStopsInAHundredThousand() throws Exception {
    flood(100_000);
  }

  private void flood(int records) throws Exception {
    long seed = Long.getLong("fewshot.hostile.seed", System.nanoTime());
    LOG.info("{} hostile records, seed {}", records, seed);
    try (RunningStream stream = new RunningStream(folder, Map.of(Settings.RUNGS, "neighbours"))) {
      stream.define("greet", TASK);
      stream.define(KEPT, TASK.replace("greet", KEPT));
      stream.awaitReady(Duration.ofSeconds(120));
      HostileRecords hostile = new HostileRecords(seed);
      Map<String, List<byte[]>> sound = sound(stream);
      List<String> labels = HostileRecords.labels(stream.topics);
      try (KafkaProducer<byte[], byte[]> producer = producer(stream)) {
        for (int i = 0; i < records; i++) {
          // Half of them where everybody may write.
          String label = i % 2 == 0 ? "queries" : labels.get(i / 2 % labels.size());
          producer.send(
              hostile.next(
                  stream.topics.topic(label).name(), sound.getOrDefault(label, List.of())));
        }
      }
      for (int i = 0; i < 20; i++) {
        stream.ask("good-" + i, KEPT, "hello, number " + i);
      }

      Accounts accounts = new Accounts(stream);
      await()
          .atMost(Duration.ofMinutes(1).plusMillis(20L * records))
          .pollInterval(Duration.ofSeconds(1))
          .untilAsserted(accounts::balance);
      assertThat(accounts.good)
          .hasSize(20)
          .allSatisfy((id, times) -> assertThat(times).isEqualTo(1));
      stream.correct("good-7", "greeting", null, null);
      await()
          .atMost(Duration.ofMinutes(2))
          .until(
              () ->
                  stream.read(stream.topics.encodedExamples().name()).stream()
                      .anyMatch(record -> (KEPT + "/query:good-7").equals(record.key())));
      assertThat(restarts(stream)).isZero();
      assertThat(stream.health.live()).isTrue();
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(RunningStream stream) {
    return new KafkaProducer<>(
        // What the broker refuses, a compacted topic's record without a key, takes no others along.
        Map.of(
            "bootstrap.servers",
            stream.broker.bootstrapServers(),
            "enable.idempotence",
            false,
            "batch.size",
            0),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static double restarts(RunningStream stream) {
    return stream.metrics.registry().find("fewshot.stream.restarts").counters().stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }

  /** What became of each query, read on from where the last look ended. */
  private static final class Accounts {
    private final RunningStream stream;
    private final Map<TopicPartition, Long> read = new HashMap<>();
    private final Set<String> letters = new HashSet<>();
    final Map<String, Integer> good = new HashMap<>();
    private long answers;

    Accounts(RunningStream stream) {
      this.stream = stream;
    }

    /**
     * A result does not tell where its query lay: those without a dead letter are counted. Queries
     * are counted by their places, since retention takes those with a timestamp of 1970.
     */
    void balance() {
      more(stream.topics.deadLetters().name(), this::letter);
      more(stream.topics.results().name(), this::result);
      assertThat(letters.size() + answers)
          .as("queries accounted for")
          .isEqualTo(stream.written(stream.topics.queries().name()));
    }

    private void more(String topic, Consumer<ConsumerRecord<String, byte[]>> each) {
      stream.readOn(topic, read, each);
    }

    private void letter(ConsumerRecord<String, byte[]> letter) {
      if (stream.topics.queries().name().equals(header(letter, "__streams.errors.topic"))) {
        String place =
            header(letter, "__streams.errors.partition")
                + "@"
                + header(letter, "__streams.errors.offset");
        assertThat(letters.add(place)).as("a second dead letter of %s", place).isTrue();
      }
    }

    private void result(ConsumerRecord<String, byte[]> record) {
      answer(stream, record)
          .ifPresent(
              result -> {
                answers++;
                if (result.getQueryId().startsWith("good-")) {
                  good.merge(result.getQueryId(), 1, Integer::sum);
                }
              });
    }
  }

  /** Hostile records lie in results, too; ours name the encoder. */
  private static Optional<Result> answer(
      RunningStream stream, ConsumerRecord<String, byte[]> record) {
    try {
      byte[] value = record.value();
      Result result =
          stream.codecs.codec(Result.class).decode(record.topic(), record.headers(), value);
      return Optional.of(result)
          .filter(found -> found.getStatus() != Status.CORRECTED)
          .filter(found -> found.getModelVersion().contains("bge"));
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  private static String header(ConsumerRecord<String, byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
  }

  private static Map<String, List<byte[]>> sound(RunningStream stream) {
    Map<String, List<byte[]>> sound = new HashMap<>();
    sound.put(
        "queries",
        List.of(
            encode(stream, "queries", query("q", "greet", "hello there")),
            encode(stream, "queries", query("q1", "greet", "\u0000\n" + "x".repeat(3_000))),
            encode(stream, "queries", query("", "greet", "no id")),
            encode(stream, "queries", query("q2", "no-such-task", "hello"))));
    sound.put(
        "corrections",
        List.of(
            encode(stream, "corrections", correction("q").build()),
            encode(
                stream,
                "corrections",
                correction("q1")
                    .setTask("greet")
                    .setText("hello")
                    .setCreatedAt(Instant.ofEpochMilli(Long.MAX_VALUE))
                    .build())));
    Example example =
        Example.newBuilder()
            .setTask("greet")
            .setExampleId("x")
            .setInput("hello, dear shop")
            .setOutput("greeting")
            .setSource("import")
            .setLabeler("")
            .setCreatedAt(Instant.EPOCH)
            .build();
    sound.put("examples", List.of(encode(stream, "examples", example)));
    TaskDefinition task = new TaskDefinition("other", TASK.replace("greet", "other"), null);
    sound.put("tasks", List.of(encode(stream, "tasks", task)));
    sound.put("valid-tasks", List.of(TASK.getBytes(StandardCharsets.UTF_8)));
    AuditOutcome audit = new AuditOutcome("greet", "q", 1e6, true, 0.02, Instant.EPOCH);
    sound.put("audits", List.of(InternalSerde.auditOutcome().serializer().serialize("", audit)));
    return sound;
  }

  private static Correction.Builder correction(String id) {
    return Correction.newBuilder().setQueryId(id).setOutput("greeting").setLabeler("ann");
  }

  private static Query query(String id, String task, String text) {
    return Query.newBuilder().setQueryId(id).setTask(task).setText(text).build();
  }

  @SuppressWarnings("unchecked")
  private static <T extends SpecificRecord> byte[] encode(
      RunningStream stream, String label, T record) {
    return stream
        .codecs
        .codec((Class<T>) record.getClass())
        .encode(stream.topics.topic(label).name(), record);
  }
}
