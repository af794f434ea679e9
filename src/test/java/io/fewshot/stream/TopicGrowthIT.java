package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.TopicAdmin;
import io.fewshot.ops.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topics that get more partitions while the whole stream runs on them. */
class TopicGrowthIT {

  private static final String CHANGELOG = "fewshot-answering-waiting-changelog";

  @TempDir Path folder;

  private RunningStream stream;
  private Admin admin;

  @BeforeEach
  void start() throws Exception {
    stream = new RunningStream(folder, Map.of(Settings.RUNGS, "neighbours"));
    admin = Admin.create(Map.of("bootstrap.servers", stream.broker.bootstrapServers()));
    stream.awaitReady(Duration.ofSeconds(120));
    stream.define(
        "greet", "task: greet\ninstruction: Name the intent.\nrungs: [neighbours]\naudit: 0\n");
  }

  @AfterEach
  void stop() throws Exception {
    admin.close();
    stream.close();
  }

  private TopicGrowth growth() {
    return new TopicGrowth(
        topicAdmin(),
        stream.topics,
        Changelogs.of(stream.topics, stream.settings.applicationIdPrefix()));
  }

  private TopicAdmin topicAdmin() {
    return new TopicAdmin(admin, Duration.ofSeconds(20));
  }

  private void askIn(int partition, String id) throws Exception {
    String topic = stream.topics.queries().name();
    Query query = Query.newBuilder().setQueryId(id).setTask("greet").setText("hello").build();
    byte[] value = stream.codecs.codec(Query.class).encode(topic, query);
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", stream.broker.bootstrapServers()),
            new StringSerializer(),
            new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(topic, partition, id, value)).get(20, TimeUnit.SECONDS);
    }
  }

  private List<String> answered() {
    return stream.records(stream.topics.results().name(), Result.class).stream()
        .map(Result::getQueryId)
        .toList();
  }

  @Test
  void everyMessageIsAnsweredOnceWhileTheyGrowUnderLoad() throws Exception {
    // Given a load.
    List<String> asked = new ArrayList<>();
    CompletableFuture<Void> load =
        CompletableFuture.runAsync(
            () -> {
              for (int i = 0; i < 300; i++) {
                stream.ask("q" + i, "greet", "hello, this is message " + i);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
              }
            });
    for (int i = 0; i < 300; i++) {
      asked.add("q" + i);
    }
    await().atMost(Duration.ofSeconds(60)).until(() -> answered().size() >= 60);

    // When
    List<TopicGrowth.Grown> grown = growth().grow(8);
    for (int partition = 0; partition < 8; partition++) {
      askIn(partition, "new" + partition);
      asked.add("new" + partition);
    }
    load.get(60, TimeUnit.SECONDS);

    // Then
    assertThat(grown)
        .contains(
            new TopicGrowth.Grown("fewshot.queries", 6, 8), new TopicGrowth.Grown(CHANGELOG, 6, 8))
        .allMatch(topic -> topic.after() == 8);
    await()
        .dontCatchUncaughtExceptions()
        .atMost(Duration.ofSeconds(90))
        .until(() -> answered().size() >= asked.size());
    assertThat(answered()).containsExactlyInAnyOrderElementsOf(asked);
    assertThat(stream.read(stream.topics.deadLetters().name())).isEmpty();
    stream.awaitReady(Duration.ofSeconds(60));

    // And again it is the same.
    assertThat(growth().grow(8)).allMatch(topic -> topic.before() == 8 && topic.after() == 8);
    assertThat(topicAdmin().check(stream.topics)).isEmpty();
  }

  @Test
  void messagesThatGrewAloneAreRefusedByNameUntilTheRestHasGrownToo() throws Exception {
    // Given
    admin
        .createPartitions(Map.of(stream.topics.queries().name(), NewPartitions.increaseTo(8)))
        .all()
        .get(20, TimeUnit.SECONDS);
    askIn(7, "new");

    // When, Then
    await()
        .dontCatchUncaughtExceptions()
        .atMost(Duration.ofSeconds(90))
        .untilAsserted(
            () ->
                assertThat(stream.health.statuses().get("answering").reason())
                    .contains(CHANGELOG + ": partitions should be 8, is 6", "topics"));
    assertThat(stream.health.ready()).isFalse();
    growth().grow(6);
    await()
        .dontCatchUncaughtExceptions()
        .atMost(Duration.ofSeconds(90))
        .untilAsserted(() -> assertThat(answered()).containsExactly("new"));
  }
}
