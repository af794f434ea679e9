package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.EmbeddedBroker;
import io.fewshot.event.Codecs;
import io.fewshot.event.Example;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.AuditBook;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.ops.Health;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.Rung;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.Topology;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What only a broker can show: exactly one result through crashes and outages, waiting at the
 * start.
 */
class StreamOnBrokerIT {

  @TempDir Path folder;

  private final ExampleMemory memory = new ExampleMemory();
  private final List<StreamApplication> applications = new ArrayList<>();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private Topics topics;
  private EmbeddedBroker broker;
  private FakeRegistry registry;
  private Codecs codecs;
  private KafkaProducer<String, byte[]> producer;

  @BeforeEach
  void start() throws Exception {
    topics = Topics.of("it.", 2);
    broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
    registry = FakeRegistry.start();
    codecs =
        Codecs.of(Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "1"));
    try (Admin admin = Admin.create(connection())) {
      new TopicAdmin(admin, Duration.ofSeconds(20)).create(topics, 1);
    }
    producer = new KafkaProducer<>(connection(), new StringSerializer(), new ByteArraySerializer());
  }

  @AfterEach
  void stop() {
    producer.close(Duration.ofSeconds(5));
    applications.forEach(StreamApplication::close);
    broker.close();
    codecs.close();
    registry.close();
    memory.close();
  }

  @Test
  void whatIsTaughtReachesTheMemoryAndMessagesAreAnsweredOnceThroughAnOutage() {
    startBoth(accepting());
    define("greet");
    send(
        topics.examples().name(),
        "greet/1",
        Example.newBuilder()
            .setTask("greet")
            .setExampleId("1")
            .setInput("hi")
            .setOutput("hello")
            .setSource("import")
            .setLabeler("")
            .build());
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(memory.task("greet").size()).isEqualTo(1));

    IntStream.range(0, 50).forEach(i -> ask("a" + i, "greet"));
    awaitResults(50);
    IntStream.range(0, 50).forEach(i -> ask("b" + i, "greet"));
    producer.flush();
    int port = broker.port();
    broker.close();
    broker = EmbeddedBroker.start(folder.resolve("broker"), port);
    IntStream.range(0, 50).forEach(i -> ask("c" + i, "greet"));

    List<String> ids = awaitResults(150);
    assertThat(ids).doesNotHaveDuplicates().hasSize(150);
    assertThat(deadLetters()).isEmpty();
  }

  @Test
  void messagesOfADyingThreadAreAnsweredOnce() {
    // Given a meter that cannot be made at first, after a result was already sent.
    AtomicInteger left = new AtomicInteger(2);
    meters
        .config()
        .meterFilter(
            MeterFilter.deny(
                id -> {
                  if (id.getName().equals("fewshot.messages") && left.getAndDecrement() > 0) {
                    throw new IllegalStateException("made up by the test");
                  }
                  return false;
                }));
    startBoth(accepting());
    define("greet");

    IntStream.range(0, 60).forEach(i -> ask("a" + i, "greet"));

    assertThat(awaitResults(60)).doesNotHaveDuplicates().hasSize(60);
    assertThat(left.get()).as("threads that died").isNegative();
    assertThat(deadLetters()).isEmpty();
  }

  @Test
  void whatIsMissingAtTheStartIsWaitedFor() throws Exception {
    define("greet");
    ask("q1", "greet");
    producer.flush();
    int port = broker.port();
    broker.close();
    registry.faults.set(Integer.MAX_VALUE);
    Health health = new Health();
    Codecs fresh =
        Codecs.of(Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "1"));
    Surroundings surroundings =
        new Surroundings(
            topics,
            fresh,
            connection("localhost:" + port),
            Map.of(),
            health,
            new CountDownLatch(1));
    boolean[] there = {false};
    Thread waiting =
        new Thread(
            () -> {
              try {
                there[0] = surroundings.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });

    waiting.start();
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> assertThat(health.statuses().get("topics").reason()).contains("broker"));
    broker = EmbeddedBroker.start(folder.resolve("broker"), port);
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(health.statuses().get("schemas").state())
                    .isEqualTo(Health.State.FAILED));
    registry.faults.set(0);
    waiting.join(Duration.ofSeconds(30).toMillis());
    assertThat(there[0]).isTrue();
    assertThat(health.ready()).isTrue();

    startBoth(accepting());
    assertThat(awaitResults(1)).containsExactly("q1");
  }

  private void startBoth(Answerer answerer) {
    StreamSettings settings = StreamSettings.standard();
    AnsweringParts parts =
        AnsweringParts.of(
            answerer,
            memory,
            new TaskCatalogue(),
            new AuditBook(),
            InferenceExecutor.DIRECT,
            settings);
    start(
        "answering",
        settings,
        () ->
            AnsweringTopology.build(
                topics, codecs, parts, RecordLimits.standard(), settings, meters));
    start(
        "learning",
        settings,
        () ->
            LearningTopology.build(
                topics,
                codecs,
                LearningParts.of(
                    new ConstantEncoder(), Runnable::run, new ExampleMemory(), new TaskCatalogue()),
                RecordLimits.standard(),
                settings,
                new SimpleMeterRegistry()));
  }

  private void start(String name, StreamSettings settings, Supplier<Topology> topology) {
    Properties config =
        StreamConfigs.of("it-" + name, 1, settings, folder.resolve("state"), connection());
    StreamApplication application =
        new StreamApplication(name, topology, config, streams -> {}, meters);
    applications.add(application);
    application.start();
  }

  private Map<String, Object> connection() {
    return connection(broker.bootstrapServers());
  }

  private static Map<String, Object> connection(String servers) {
    return Map.of("bootstrap.servers", servers);
  }

  private void define(String task) {
    send(
        topics.tasks().name(),
        task,
        TaskDefinition.newBuilder()
            .setTask(task)
            .setDefinition("task: %s\ninstruction: Greet.\naudit: 0\n".formatted(task))
            .build());
  }

  private void ask(String id, String task) {
    send(
        topics.queries().name(),
        id,
        Query.newBuilder().setQueryId(id).setTask(task).setText("text of " + id).build());
  }

  @SuppressWarnings("unchecked")
  private <T extends SpecificRecord> void send(String topic, String key, T record) {
    byte[] value = codecs.codec((Class<T>) record.getClass()).encode(topic, record);
    producer.send(new ProducerRecord<>(topic, key, value));
  }

  private List<String> awaitResults(int count) {
    List<String> ids = new ArrayList<>();
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      consumer.subscribe(List.of(topics.results().name()));
      // A stream thread that dies passes its exception on, after it was replaced.
      await()
          .dontCatchUncaughtExceptions()
          .atMost(Duration.ofSeconds(120))
          .until(
              () -> {
                for (ConsumerRecord<String, byte[]> found : consumer.poll(Duration.ofMillis(100))) {
                  Result result =
                      codecs
                          .codec(Result.class)
                          .decode(found.topic(), found.headers(), found.value());
                  ids.add(result.getQueryId());
                }
                return ids.size() >= count;
              });
      // One too many would come right after.
      consumer.poll(Duration.ofMillis(500)).forEach(found -> ids.add("one too many"));
    }
    return ids;
  }

  private List<String> deadLetters() {
    List<String> keys = new ArrayList<>();
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      consumer.subscribe(List.of(topics.deadLetters().name()));
      for (int i = 0; i < 10; i++) {
        consumer.poll(Duration.ofMillis(100)).forEach(found -> keys.add(found.key()));
      }
    }
    return keys;
  }

  private KafkaConsumer<String, byte[]> consumer() {
    Properties config = new Properties();
    config.putAll(connection());
    config.put("group.id", "test-" + System.nanoTime());
    config.put("isolation.level", "read_committed");
    config.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer());
  }

  private static Answerer accepting() {
    return new FunctionAnswerer(
        batch ->
            batch.stream()
                .map(
                    message ->
                        new Answer(
                            message.text(),
                            1,
                            List.of(),
                            Rung.NEIGHBOURS,
                            List.of(),
                            "test",
                            0,
                            false,
                            true,
                            false,
                            null))
                .toList());
  }

  private static final class ConstantEncoder implements TextEncoder {

    @Override
    public List<Embedding> encode(Language language, List<String> texts) {
      return texts.stream().map(text -> new Embedding("one", new float[] {1})).toList();
    }

    @Override
    public String name(Language language, String text) {
      return "one";
    }
  }
}
