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
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrphanedTransactionsIT {

  private static final String APPLICATION = "it-answering";

  @TempDir Path folder;

  private final List<AutoCloseable> opened = new ArrayList<>();
  private EmbeddedBroker broker;
  private Admin admin;

  @BeforeEach
  void start() throws Exception {
    broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
    admin = Admin.create(connection());
    admin
        .createTopics(List.of(new NewTopic("in", 2, (short) 1), new NewTopic("out", 2, (short) 1)))
        .all()
        .get(20, TimeUnit.SECONDS);
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    admin.close();
    broker.close();
  }

  private Map<String, Object> connection() {
    return Map.of("bootstrap.servers", broker.bootstrapServers());
  }

  private <T extends AutoCloseable> T keep(T part) {
    opened.add(part);
    return part;
  }

  private KafkaProducer<byte[], byte[]> leaveOpen(String transactionalId) throws Exception {
    Map<String, Object> config = new HashMap<>(connection());
    config.put("transactional.id", transactionalId);
    config.put("transaction.timeout.ms", 600_000);
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    producer.initTransactions();
    producer.beginTransaction();
    producer.send(new ProducerRecord<>("out", new byte[1])).get(20, TimeUnit.SECONDS);
    opened.add(() -> producer.close(Duration.ZERO));
    return producer;
  }

  private void join(String clientId) {
    Map<String, Object> config = new HashMap<>(connection());
    config.put("group.id", APPLICATION);
    config.put("client.id", clientId);
    KafkaConsumer<byte[], byte[]> consumer =
        keep(new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer()));
    consumer.subscribe(List.of("in"));
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              consumer.poll(Duration.ofMillis(100));
              return !consumer.assignment().isEmpty();
            });
  }

  private Map<String, TransactionState> states() throws Exception {
    return admin
        .listTransactions(new ListTransactionsOptions())
        .all()
        .get(10, TimeUnit.SECONDS)
        .stream()
        .collect(Collectors.toMap(TransactionListing::transactionalId, TransactionListing::state));
  }

  private List<String> open() throws Exception {
    return states().entrySet().stream()
        .filter(entry -> entry.getValue() == TransactionState.ONGOING)
        .map(Map.Entry::getKey)
        .toList();
  }

  private OrphanedTransactions orphans() {
    Properties config =
        StreamConfigs.of(
            APPLICATION, 1, StreamSettings.standard(), folder.resolve("state"), connection());
    return keep(OrphanedTransactions.of("answering", config));
  }

  @Test
  void onlyTheTransactionsOfInstancesThatAreGoneAreAborted() throws Exception {
    // Given a member with an open transaction, one that is gone, and neighbours of similar names.
    String living = UUID.randomUUID().toString();
    String gone = UUID.randomUUID().toString();
    join(APPLICATION + "-" + living + "-StreamThread-1-consumer");
    KafkaProducer<byte[], byte[]> itsProducer = leaveOpen(APPLICATION + "-" + living + "-1");
    leaveOpen(APPLICATION + "-" + living + "-2");
    leaveOpen(APPLICATION + "-" + gone + "-1");
    leaveOpen(APPLICATION + "-2-" + gone + "-1");
    leaveOpen("it-trainer-0");

    // When
    orphans().look();

    // Then
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () ->
                assertThat(open())
                    .containsExactlyInAnyOrder(
                        APPLICATION + "-" + living + "-1",
                        APPLICATION + "-2-" + gone + "-1",
                        "it-trainer-0"));
    itsProducer.commitTransaction();
  }

  @Test
  void whereMembersDoNotTellTheirProcessNothingIsAborted() throws Exception {
    join("chosen-by-somebody-StreamThread-1-consumer");
    String id = APPLICATION + "-" + UUID.randomUUID() + "-1";
    leaveOpen(id);

    orphans().look();

    await()
        .during(Duration.ofSeconds(6))
        .atMost(Duration.ofSeconds(8))
        .untilAsserted(() -> assertThat(states()).containsEntry(id, TransactionState.ONGOING));
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "streams"})
  void aLivingApplicationOfKafkaStreamsIsNotTouched(String protocol) throws Exception {
    // Given an application that keeps a transaction open for longer than others' are kept.
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch holds = new CountDownLatch(1);
    Map<String, Object> more = new HashMap<>(connection());
    more.put("group.protocol", protocol);
    Properties config =
        StreamConfigs.of(APPLICATION, 1, StreamSettings.standard(), folder.resolve("state"), more);
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    StreamApplication application =
        keep(
            new StreamApplication(
                "answering", () -> holding(holds, go), config, streams -> {}, meters));
    application.start();
    await()
        .atMost(Duration.ofSeconds(40))
        .untilAsserted(
            () -> assertThat(application.status().state()).isEqualTo(Health.State.READY));
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(connection(), new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>("in", 0, null, new byte[] {1}));
    }
    assertThat(holds.await(20, TimeUnit.SECONDS)).isTrue();
    String id = states().keySet().iterator().next();
    String gone = APPLICATION + "-" + UUID.randomUUID() + "-1";
    leaveOpen(gone);

    // When others look
    orphans().look();

    // Then
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> assertThat(open()).containsExactly(id));
    go.countDown();
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> assertThat(states()).containsEntry(id, TransactionState.COMPLETE_COMMIT));
    assertThat(meters.get("fewshot.stream.restarts").counter().count()).isZero();
  }

  private static Topology holding(CountDownLatch holds, CountDownLatch go) {
    Topology topology = new Topology();
    topology.addSource("in", new ByteArrayDeserializer(), new ByteArrayDeserializer(), "in");
    topology.addProcessor(
        "hold",
        () ->
            new ContextualProcessor<byte[], byte[], byte[], byte[]>() {
              @Override
              public void process(Record<byte[], byte[]> record) {
                context().forward(record);
                holds.countDown();
                try {
                  assertThat(go.await(60, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
            },
        "in");
    topology.addSink("out", "out", new ByteArraySerializer(), new ByteArraySerializer(), "hold");
    return topology;
  }
}
