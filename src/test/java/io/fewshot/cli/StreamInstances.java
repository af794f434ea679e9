package io.fewshot.cli;

import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.BrokerMain;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
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

/**
 * Instances of the stream as processes of their own, with a task that neighbours answer, a load,
 * and what came of it. Owns broker, registry and instances until it is closed.
 */
final class StreamInstances implements AutoCloseable {

  static final int KEYS = 20;

  private final Path folder;
  private final Topics topics;

  private final List<Instance> instances = new ArrayList<>();
  private final EmbeddedRegistry registry;
  private final Codecs codecs;
  private final KafkaProducer<String, byte[]> producer;
  private final int brokerPort;
  private Process broker;

  /** When each query was acknowledged, by the clock of {@link System#nanoTime}. */
  private final Map<Integer, Long> asked = new ConcurrentHashMap<>();

  private volatile boolean loading = true;

  record Instance(Process process, int port) {}

  /**
   * A committed result.
   *
   * @param at when it was read, by the clock of {@link System#nanoTime}
   */
  record Answered(Result result, long at) {}

  /**
   * @param partitions of the topics that carry the load
   */
  StreamInstances(Path folder, int partitions) throws IOException {
    this.folder = folder;
    topics = Topics.of(Topics.DEFAULT_PREFIX, partitions);
    brokerPort = freePort();
    startBroker();
    registry = EmbeddedRegistry.startTemporary();
    codecs = Codecs.of(Map.of("schema.registry.url", registry.url()));
    try (Admin admin = Admin.create(connection())) {
      new TopicAdmin(admin, Duration.ofSeconds(30)).create(topics, 1);
    }
    Map<String, Object> config = connection();
    config.put("delivery.timeout.ms", 300_000);
    config.put("max.block.ms", 300_000);
    producer = new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer());
    teach();
  }

  @Override
  public void close() {
    loading = false;
    instances.forEach(instance -> instance.process().destroyForcibly());
    producer.close(Duration.ofSeconds(5));
    codecs.close();
    broker.destroyForcibly();
    registry.close();
  }

  /** A broker in a process of its own, on the same port and directory each time. */
  void startBroker() throws IOException {
    ProcessBuilder builder =
        FewshotProcess.main(
            BrokerMain.class,
            List.of("-Xmx512m"),
            folder.resolve("broker").toString(),
            Integer.toString(brokerPort));
    broker = builder.redirectErrorStream(true).redirectOutput(log("broker")).start();
  }

  /** With -9: nothing is written or said any more. */
  void killBroker() throws InterruptedException {
    broker.destroyForcibly().waitFor();
  }

  private void teach() {
    send(
        topics.tasks().name(),
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
          topics.examples().name(),
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

  /**
   * Publishes queries until there are so many, or this is told to end.
   *
   * @return how many there are
   */
  int publish(int limit, Duration pause) {
    int count = 0;
    for (; count < limit && loading; count++) {
      int number = count;
      String topic = topics.queries().name();
      Query query =
          Query.newBuilder()
              .setQueryId(Integer.toString(number))
              .setTask("greet")
              .setText("hello, where is my parcel number " + number)
              .build();
      producer.send(
          new ProducerRecord<>(
              topic, "key-" + number % KEYS, codecs.codec(Query.class).encode(topic, query)),
          (written, failure) -> asked.put(number, System.nanoTime()));
      LockSupport.parkNanos(pause.toNanos());
    }
    producer.flush();
    return count;
  }

  /** Ends the load. */
  void endLoad() {
    loading = false;
  }

  /** When a query was acknowledged. */
  long askedAt(int number) {
    return asked.getOrDefault(number, System.nanoTime());
  }

  /** Follows the committed results until it is told to end, giving each on. */
  void follow(Consumer<Answered> each, BooleanSupplier open) {
    RecordCodec<Result> codec = codecs.codec(Result.class);
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      consumer.subscribe(List.of(topics.results().name()));
      while (open.getAsBoolean()) {
        for (ConsumerRecord<String, byte[]> found : consumer.poll(Duration.ofMillis(50))) {
          Result result = codec.decode(found.topic(), found.headers(), found.value());
          each.accept(new Answered(result, System.nanoTime()));
        }
      }
    }
  }

  @SuppressWarnings("unchecked")
  private <T extends SpecificRecord> void send(String topic, String key, T record) {
    RecordCodec<T> codec = codecs.codec((Class<T>) record.getClass());
    producer.send(new ProducerRecord<>(topic, key, codec.encode(topic, record)));
  }

  Instance launch() throws IOException {
    int port = freePort();
    ProcessBuilder builder =
        FewshotProcess.of(List.of("-Xmx700m"), "stream", "--port", Integer.toString(port));
    Map<String, String> environment = builder.environment();
    environment.put("FEWSHOT_BOOTSTRAP_SERVERS", "127.0.0.1:" + brokerPort);
    environment.put("FEWSHOT_PARTITIONS", Integer.toString(topics.queries().partitions()));
    environment.put("FEWSHOT_SCHEMA_REGISTRY_URL", registry.url());
    environment.put("FEWSHOT_STATE_DIR", folder.resolve("state").toString());
    environment.put("FEWSHOT_RUNGS", "neighbours");
    builder.redirectErrorStream(true).redirectOutput(log("instance-" + instances.size()));
    Instance instance = new Instance(builder.start(), port);
    instances.add(instance);
    return instance;
  }

  private static File log(String name) throws IOException {
    Path logs = Path.of("target", "crash-logs");
    Files.createDirectories(logs);
    return logs.resolve(name + ".log").toFile();
  }

  private static int freePort() throws IOException {
    try (java.net.ServerSocket socket = new java.net.ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  static void awaitReady(Instance instance) {
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

  /** Dead letters of any kind. */
  int deadLetters() {
    return count(topics.deadLetters().name());
  }

  /** The committed results so far, once there are as many. */
  List<Result> awaitResults(int count) {
    List<Result> results = new ArrayList<>();
    RecordCodec<Result> codec = codecs.codec(Result.class);
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      consumer.subscribe(List.of(topics.results().name()));
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
    return new HashMap<>(Map.of("bootstrap.servers", "127.0.0.1:" + brokerPort));
  }
}
