package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.EmbeddedBroker;
import io.fewshot.ops.Health;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How an application ends, and what it says of itself when it keeps ending. */
class StreamLifeIT {

  @TempDir Path folder;

  private final List<StreamApplication> applications = new ArrayList<>();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private EmbeddedBroker broker;
  private KafkaProducer<byte[], byte[]> producer;

  @BeforeEach
  void start() throws Exception {
    broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
    producer =
        new KafkaProducer<>(connection(), new ByteArraySerializer(), new ByteArraySerializer());
    try (Admin admin = Admin.create(connection())) {
      admin.createTopics(List.of(new NewTopic("in", 2, (short) 1))).all().get(20, TimeUnit.SECONDS);
    }
  }

  @AfterEach
  void stop() {
    producer.close(Duration.ofSeconds(5));
    applications.forEach(StreamApplication::close);
    broker.close();
  }

  private Map<String, Object> connection() {
    return Map.of("bootstrap.servers", broker.bootstrapServers());
  }

  private StreamApplication run(String instance, String servers, Consumer<byte[]> each) {
    Map<String, Object> client = new HashMap<>();
    client.put("bootstrap.servers", servers);
    Properties config =
        StreamConfigs.of("life", 1, StreamSettings.standard(), folder.resolve(instance), client);
    StreamApplication application =
        new StreamApplication("life", () -> topology(each), config, streams -> {}, meters);
    applications.add(application);
    application.start();
    return application;
  }

  private static Topology topology(Consumer<byte[]> each) {
    Topology topology = new Topology();
    topology.addSource("in", new ByteArrayDeserializer(), new ByteArrayDeserializer(), "in");
    topology.addProcessor(
        "each",
        () ->
            new Processor<byte[], byte[], Void, Void>() {
              @Override
              public void process(Record<byte[], byte[]> record) {
                each.accept(record.value());
              }
            },
        "in");
    return topology;
  }

  private static void awaitRunning(StreamApplication application) {
    await()
        .atMost(Duration.ofSeconds(40))
        .until(() -> application.status().state() == Health.State.READY);
  }

  @Test
  void whatOneThatStopsLeavesIsTakenOverAtOnce() {
    // Given two instances that share the partitions.
    ConcurrentLinkedQueue<byte[]> first = new ConcurrentLinkedQueue<>();
    ConcurrentLinkedQueue<byte[]> second = new ConcurrentLinkedQueue<>();
    StreamApplication one = run("one", broker.bootstrapServers(), first::add);
    StreamApplication other = run("other", broker.bootstrapServers(), second::add);
    awaitRunning(one);
    awaitRunning(other);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              sendToBoth();
              return !first.isEmpty() && !second.isEmpty();
            });

    // When
    long start = System.nanoTime();
    one.close();
    second.clear();
    sendToBoth();

    // Then, long before the session of six seconds is over.
    await().atMost(Duration.ofSeconds(20)).until(() -> second.size() >= 2);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
  }

  private void sendToBoth() {
    producer.send(new ProducerRecord<>("in", 0, null, new byte[1]));
    producer.send(new ProducerRecord<>("in", 1, null, new byte[1]));
    producer.flush();
  }

  @Test
  void oneThatKeepsStoppingIsNotReadyAlthoughItRunsInBetween() {
    // Given
    StreamApplication application =
        run(
            "one",
            broker.bootstrapServers(),
            value -> {
              throw new IllegalStateException("made up by the test");
            });
    awaitRunning(application);

    // When a record ends each thread that comes to it.
    producer.send(new ProducerRecord<>("in", 0, null, new byte[1]));

    // Then
    await()
        .dontCatchUncaughtExceptions()
        .atMost(Duration.ofSeconds(60))
        .until(() -> application.status().reason().contains("times in 2 minutes"));
    assertThat(application.status().state()).isEqualTo(Health.State.FAILED);
    assertThat(application.status().reason()).contains("made up by the test");
    assertThat(meters.get("fewshot.stream.restarts").tag("application", "life").counter().count())
        .isGreaterThanOrEqualTo(3);
    await()
        .dontCatchUncaughtExceptions()
        .during(Duration.ofSeconds(3))
        .atMost(Duration.ofSeconds(5))
        .until(() -> application.status().state() == Health.State.FAILED);
  }

  @Test
  void closingIsBoundedWhenTheBrokerIsAwayAndWhenARecordTakesForEver() {
    // Given one that waits for a broker, and one whose thread hangs.
    CountDownLatch hanging = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    StreamApplication away = run("away", "localhost:1", value -> {});
    StreamApplication stuck =
        run(
            "stuck",
            broker.bootstrapServers(),
            value -> {
              hanging.countDown();
              try {
                assertThat(never.await(60, TimeUnit.SECONDS)).isTrue();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    awaitRunning(stuck);
    producer.send(new ProducerRecord<>("in", 0, null, new byte[1]));
    await().atMost(Duration.ofSeconds(20)).until(() -> hanging.getCount() == 0);

    // When
    long start = System.nanoTime();
    away.stop();
    stuck.stop();
    away.close();
    stuck.close();

    // Then
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(25));
    never.countDown();
  }
}
