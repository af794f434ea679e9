package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.EmbeddedBroker;
import io.fewshot.embedded.EmbeddedRegistry;
import io.fewshot.event.Codecs;
import io.fewshot.event.Example;
import io.fewshot.event.Query;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.Result;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two instances, as processes of their own, under load: one is killed with -9 and started again,
 * the broker goes and comes back. Every query has exactly one committed result.
 */
class CrashIT {

  private static final int QUERIES = 900;
  private static final int KEYS = 20;
  private static final Topics TOPICS = Topics.standard();

  @TempDir Path folder;

  private final List<Instance> instances = new ArrayList<>();
  private EmbeddedBroker broker;
  private EmbeddedRegistry registry;
  private Codecs codecs;
  private KafkaProducer<String, byte[]> producer;

  private record Instance(Process process, int port) {}

  @BeforeEach
  void start() {
    broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
    registry = EmbeddedRegistry.startTemporary();
    codecs = Codecs.of(Map.of("schema.registry.url", registry.url()));
    try (Admin admin = Admin.create(connection())) {
      new TopicAdmin(admin, Duration.ofSeconds(30)).create(TOPICS, 1);
    }
    Map<String, Object> config = connection();
    config.put("delivery.timeout.ms", 300_000);
    config.put("max.block.ms", 300_000);
    producer = new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer());
    teach();
  }

  @AfterEach
  void stop() {
    instances.forEach(instance -> instance.process().destroyForcibly());
    producer.close(Duration.ofSeconds(5));
    codecs.close();
    broker.close();
    registry.close();
  }

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
    Instance first = launch();
    Instance second = launch();
    awaitReady(first);
    awaitReady(second);

    CompletableFuture<Void> load = CompletableFuture.runAsync(this::publish);
    awaitResults(QUERIES / 6);
    first.process().destroyForcibly().waitFor();
    Instance again = launch();
    awaitReady(again);
    int port = broker.port();
    broker.close();
    broker = EmbeddedBroker.start(folder.resolve("broker"), port);
    load.get(5, TimeUnit.MINUTES);

    List<Result> results = awaitResults(QUERIES);
    assertThat(results).extracting(Result::getQueryId).doesNotHaveDuplicates().hasSize(QUERIES);
    Map<Integer, Integer> last = new HashMap<>();
    for (Result result : results) {
      int number = Integer.parseInt(result.getQueryId());
      Integer before = last.put(number % KEYS, number);
      assertThat(before == null || before < number).as("order of key %d", number % KEYS).isTrue();
    }
    assertThat(count(TOPICS.deadLetters().name())).isZero();
  }

  private void teach() {
    send(
        TOPICS.tasks().name(),
        "greet",
        TaskDefinition.newBuilder()
            .setTask("greet")
            .setDefinition(
                "task: greet\ninstruction: Name the intent.\nrungs: [neighbours]\naudit: 0\n")
            .build());
    String[][] examples = {
      {"hello there", "greeting"}, {"good morning", "greeting"},
      {"where is my parcel", "status"}, {"has my order shipped", "status"},
    };
    for (int i = 0; i < examples.length; i++) {
      send(
          TOPICS.examples().name(),
          "greet/" + i,
          Example.newBuilder()
              .setTask("greet")
              .setExampleId(Integer.toString(i))
              .setInput(examples[i][0])
              .setOutput(examples[i][1])
              .setSource("import")
              .setLabeler("")
              .build());
    }
    producer.flush();
  }

  private void publish() {
    for (int i = 0; i < QUERIES; i++) {
      send(
          TOPICS.queries().name(),
          "key-" + i % KEYS,
          Query.newBuilder()
              .setQueryId(Integer.toString(i))
              .setTask("greet")
              .setText("hello, where is my parcel number " + i)
              .build());
      // About 45 a second, so that the faults fall into the load.
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(22));
    }
    producer.flush();
  }

  @SuppressWarnings("unchecked")
  private <T extends SpecificRecord> void send(String topic, String key, T record) {
    RecordCodec<T> codec = codecs.codec((Class<T>) record.getClass());
    producer.send(new ProducerRecord<>(topic, key, codec.encode(topic, record)));
  }

  private Instance launch() throws IOException {
    int port = freePort();
    ProcessBuilder builder =
        FewshotProcess.of(List.of("-Xmx700m"), "stream", "--port", Integer.toString(port));
    Map<String, String> environment = builder.environment();
    environment.put("FEWSHOT_BOOTSTRAP_SERVERS", broker.bootstrapServers());
    environment.put("FEWSHOT_SCHEMA_REGISTRY_URL", registry.url());
    environment.put("FEWSHOT_STATE_DIR", folder.resolve("state").toString());
    environment.put("FEWSHOT_RUNGS", "neighbours");
    Path logs = Path.of("target", "crash-logs");
    Files.createDirectories(logs);
    File log = logs.resolve("instance-" + instances.size() + ".log").toFile();
    builder.redirectErrorStream(true).redirectOutput(log);
    Instance instance = new Instance(builder.start(), port);
    instances.add(instance);
    return instance;
  }

  private static int freePort() throws IOException {
    try (java.net.ServerSocket socket = new java.net.ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static void awaitReady(Instance instance) {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + instance.port() + "/readyz"))
            .timeout(Duration.ofSeconds(5))
            .build();
    await()
        .ignoreExceptions()
        .atMost(Duration.ofSeconds(120))
        .until(
            () -> client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200);
  }

  /** The committed results so far, once there are as many. */
  private List<Result> awaitResults(int count) {
    List<Result> results = new ArrayList<>();
    RecordCodec<Result> codec = codecs.codec(Result.class);
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      consumer.subscribe(List.of(TOPICS.results().name()));
      await(count + " results")
          .atMost(Duration.ofSeconds(180))
          .pollInterval(Duration.ofMillis(100))
          .until(
              () -> {
                consumer
                    .poll(Duration.ofMillis(200))
                    .forEach(
                        found ->
                            results.add(
                                codec.decode(found.topic(), found.headers(), found.value())));
                return results.size();
              },
              found -> found >= count);
      // One too many would come right after.
      for (int i = 0; i < 5; i++) {
        consumer
            .poll(Duration.ofMillis(200))
            .forEach(
                found -> results.add(codec.decode(found.topic(), found.headers(), found.value())));
      }
    }
    return results;
  }

  private int count(String topic) {
    int count = 0;
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      consumer.subscribe(List.of(topic));
      for (int i = 0; i < 10; i++) {
        count += consumer.poll(Duration.ofMillis(200)).count();
      }
    }
    return count;
  }

  private KafkaConsumer<String, byte[]> consumer() {
    Map<String, Object> config = connection();
    config.put("group.id", "test-" + System.nanoTime());
    config.put("isolation.level", "read_committed");
    config.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer());
  }

  private Map<String, Object> connection() {
    return new HashMap<>(Map.of("bootstrap.servers", broker.bootstrapServers()));
  }
}
