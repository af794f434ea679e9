package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fewshot.event.Codecs;
import io.fewshot.event.Example;
import io.fewshot.event.Query;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.model.ProgressListener;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.stream.Engines;
import io.fewshot.stream.StreamService;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * All parts real: broker, registry, encoders, language model, and a client in another language.
 * Where broker and registry come from is its subclasses' affair.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class EndToEndScenario {

  private static final Topics TOPICS = Topics.standard();
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path folder;

  private static Map<String, String> cluster;
  private static Codecs codecs;
  private static Metrics metrics;
  private static Health health;
  private static Engines engines;
  private static StreamService service;
  private static KafkaProducer<String, byte[]> producer;

  /** Starts broker and registry, and gives the settings that lead there. */
  abstract Map<String, String> startCluster();

  abstract void stopCluster();

  @BeforeAll
  void start() {
    cluster = startCluster();
    Map<String, String> flags = new HashMap<>(cluster);
    flags.put(Settings.STATE_DIR, folder.resolve("state").toString());
    Settings settings = Settings.load(flags, null, System.getenv());
    codecs = Codecs.of(settings.registry());
    try (Admin admin = Admin.create(settings.admin())) {
      new TopicAdmin(admin, Duration.ofSeconds(30)).create(TOPICS, 1);
    }
    metrics = new Metrics();
    health = new Health();
    engines = StreamService.engines(settings, health, metrics, ProgressListener.NONE);
    service = new StreamService(settings, TOPICS, codecs, health, metrics, engines);
    service.start();
    producer =
        new KafkaProducer<>(settings.producer(), new StringSerializer(), new ByteArraySerializer());
    define("cheap", "rungs: [neighbours]\naudit: 0");
    define("dear", "rungs: [few-shot]\npromise: {confidence: 0}\naudit: 0");
    for (String task : List.of("cheap", "dear")) {
      teach(task, "Where is my parcel?", "status");
      teach(task, "Has my order been shipped yet?", "status");
      teach(task, "I want my money back.", "refund");
      teach(task, "Please refund what I paid.", "refund");
    }
    await()
        .atMost(Duration.ofMinutes(3))
        .untilAsserted(
            () -> {
              assertThat(service.memory().task("dear").size()).isEqualTo(4);
              assertThat(service.memory().task("cheap").size()).isEqualTo(4);
              assertThat(service.tasks().all()).hasSize(2);
            });
  }

  @AfterAll
  void stop() {
    producer.close(Duration.ofSeconds(5));
    service.close();
    engines.close();
    metrics.close();
    codecs.close();
    stopCluster();
  }

  @Test
  void theLanguageModelAnswersWithOneOfTheLabels() {
    ask("dear", "q-dear", "hello, could I get my money back please");

    Result result = awaitResult("q-dear");
    assertThat(result.getRung()).isEqualTo("few-shot");
    assertThat(result.getOutput()).isEqualTo("refund");
    assertThat(result.getStatus()).isEqualTo(Status.ACCEPTED);
    assertThat(result.getPromptTokens()).isGreaterThan(20);
    assertThat(result.getModelVersion()).contains("smollm2-135m-instruct");
    assertThat(result.getExampleIds()).isNotEmpty();
    assertThat(result.getCandidates())
        .extracting(candidate -> candidate.getOutput())
        .containsExactlyInAnyOrder("refund", "status");
    assertThat(result.getTruncated()).isFalse();
  }

  @Test
  void longTextIsCutEnormousTextIsRefusedAndOddTextSurvives() {
    ask("dear", "q-enormous", "I want my money back. ".repeat(45_000));
    ask("dear", "q-long", "I want my money back. ".repeat(2_900));
    ask("cheap", "q-odd", "\ud800 where is \u0000\u0007 my \u202e parcel");

    assertThat(awaitResult("q-long").getTruncated()).isTrue();
    assertThat(awaitResult("q-odd").getOutput()).isEqualTo("status");
    assertThat(metrics.scrape()).containsPattern("fewshot_dead_letters_total.*TOO_LARGE.* 1\\.0");
  }

  @Test
  void everythingIsReadyAndCounted() {
    ask("cheap", "q-cheap", "where is my parcel now");
    awaitResult("q-cheap");

    await().atMost(Duration.ofMinutes(1)).until(health::ready);
    assertThat(metrics.scrape())
        .contains("fewshot_messages_total{", "rung=\"neighbours\"", "kafka_");
  }

  @Test
  void aClientInPythonAsksAndReads() throws Exception {
    File python = venv();

    JsonNode result =
        JSON.readTree(
            run(
                python.toString(),
                "src/test/python/client.py",
                cluster.get(Settings.BOOTSTRAP),
                cluster.get(Settings.REGISTRY),
                "schemas/Query.avsc",
                "cheap",
                "q-python",
                "I'd like a refund, s'il vous plaît"));

    assertThat(result.path("output").asText()).isEqualTo("refund");
    assertThat(result.path("key").asText()).isEqualTo("customer-π");
    assertThat(result.path("headers").path("traceparent").asText()).isEqualTo("00-python");
    assertThat(result.path("confidence").asDouble()).isBetween(0.0, 1.0);
  }

  /** A Python with confluent-kafka; the test is skipped where none can be made. */
  private static File venv() throws Exception {
    Path venv = Path.of("target", "python-client");
    File python = venv.resolve("bin").resolve("python").toFile();
    try {
      if (!venv.resolve("installed").toFile().exists()) {
        run("python3", "-m", "venv", venv.toString());
        run(
            python.toString(),
            "-m",
            "pip",
            "install",
            "-q",
            "confluent-kafka[avro,schemaregistry]");
        assertThat(venv.resolve("installed").toFile().createNewFile()).isTrue();
      }
    } catch (java.io.IOException | IllegalStateException e) {
      assumeTrue(false, "no Python with confluent-kafka here: " + e.getMessage());
    }
    return python;
  }

  private static String run(String... command) throws Exception {
    Path out = folder.resolve("out-" + System.nanoTime());
    Path err = folder.resolve("err-" + System.nanoTime());
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    boolean ended = process.waitFor(3, TimeUnit.MINUTES);
    if (!ended || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IllegalStateException(
          String.join(" ", command) + ": " + java.nio.file.Files.readString(err));
    }
    return java.nio.file.Files.readString(out);
  }

  private static void define(String task, String more) {
    send(
        TOPICS.tasks().name(),
        task,
        TaskDefinition.newBuilder()
            .setTask(task)
            .setDefinition(
                "task: %s\ninstruction: Name the intent of the message.\n%s\n"
                    .formatted(task, more))
            .build());
  }

  private static void teach(String task, String input, String output) {
    String id = Integer.toHexString(input.hashCode());
    send(
        TOPICS.examples().name(),
        Topics.exampleKey(task, id),
        Example.newBuilder()
            .setTask(task)
            .setExampleId(id)
            .setInput(input)
            .setOutput(output)
            .setSource("import")
            .setLabeler("")
            .build());
  }

  private static void ask(String task, String id, String text) {
    send(
        TOPICS.queries().name(),
        id,
        Query.newBuilder().setQueryId(id).setTask(task).setText(text).build());
  }

  @SuppressWarnings("unchecked")
  private static <T extends SpecificRecord> void send(String topic, String key, T record) {
    RecordCodec<T> codec = codecs.codec((Class<T>) record.getClass());
    producer.send(new ProducerRecord<>(topic, key, codec.encode(topic, record)));
  }

  private static Result awaitResult(String id) {
    RecordCodec<Result> codec = codecs.codec(Result.class);
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", cluster.get(Settings.BOOTSTRAP));
    config.put("group.id", "test-" + System.nanoTime());
    config.put("isolation.level", "read_committed");
    config.put("auto.offset.reset", "earliest");
    Map<String, Result> found = new HashMap<>();
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(TOPICS.results().name()));
      await()
          .atMost(Duration.ofMinutes(2))
          .until(
              () -> {
                consumer
                    .poll(Duration.ofMillis(100))
                    .forEach(
                        record -> {
                          Result result =
                              codec.decode(record.topic(), record.headers(), record.value());
                          found.put(result.getQueryId(), result);
                        });
                return found.containsKey(id);
              });
    }
    return found.get(id);
  }
}
