package io.fewshot.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fewshot.event.TopicAdmin;
import io.fewshot.event.TopicAdmin.Difference;
import io.fewshot.event.Topics;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedBrokerIT {

  private static final Topics TOPICS = Topics.of("it.", 2);

  private static Admin admin(EmbeddedBroker broker) {
    return Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
  }

  private static TopicAdmin topics(Admin admin) {
    return new TopicAdmin(admin, Duration.ofSeconds(20));
  }

  private static KafkaProducer<String, String> producer(EmbeddedBroker broker) {
    return new KafkaProducer<>(
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            broker.bootstrapServers(),
            ProducerConfig.TRANSACTIONAL_ID_CONFIG,
            "it"),
        new StringSerializer(),
        new StringSerializer());
  }

  private static List<String> committed(EmbeddedBroker broker, String topic, int count) {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                broker.bootstrapServers(),
                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                "read_committed"),
            new StringDeserializer(),
            new StringDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(partition -> new TopicPartition(topic, partition.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      List<String> values = new ArrayList<>();
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
                return values.size() >= count;
              });
      return values;
    }
  }

  @Test
  void keepsRecordsTransactionsAndIdAcrossABounce(@TempDir Path directory) throws Exception {
    String topic = TOPICS.queries().name();
    String cluster;
    int port;
    // Given: one committed and one aborted transaction
    try (EmbeddedBroker broker = EmbeddedBroker.start(directory, 0);
        Admin admin = admin(broker)) {
      topics(admin).create(TOPICS, 1);
      try (KafkaProducer<String, String> producer = producer(broker)) {
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic, "a", "aborted"));
        producer.flush();
        producer.abortTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic, "a", "before"));
        producer.commitTransaction();
      }
      cluster = admin.describeCluster().clusterId().get();
      port = broker.port();
    }

    // When: it comes back on the same port and directory
    try (EmbeddedBroker broker = EmbeddedBroker.start(directory, port);
        Admin admin = admin(broker);
        KafkaProducer<String, String> producer = producer(broker)) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(topic, "a", "after"));
      producer.commitTransaction();

      // Then
      assertThat(broker.port()).isEqualTo(port);
      assertThat(admin.describeCluster().clusterId().get()).isEqualTo(cluster);
      assertThat(topics(admin).check(TOPICS)).isEmpty();
      assertThat(committed(broker, topic, 2)).containsExactly("before", "after");
    }
  }

  @Test
  void topicsAreCreatedOnceAndDifferencesTold() throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.startTemporary();
        Admin admin = admin(broker)) {
      // Given
      TopicAdmin topics = topics(admin);
      assertThat(topics.check(TOPICS))
          .hasSize(TOPICS.all().size())
          .allMatch(difference -> difference.found().equals("missing"));
      List<String> created = topics.create(TOPICS, -1);
      List<String> createdAgain = topics.create(TOPICS, -1);
      List<Difference> none = topics.check(TOPICS);

      // When
      admin.deleteTopics(List.of(TOPICS.retrain().name())).all().get();
      admin
          .createPartitions(Map.of(TOPICS.queries().name(), NewPartitions.increaseTo(3)))
          .all()
          .get();
      admin
          .incrementalAlterConfigs(
              Map.of(
                  new ConfigResource(ConfigResource.Type.TOPIC, TOPICS.examples().name()),
                  List.of(
                      new AlterConfigOp(
                          new ConfigEntry("cleanup.policy", "delete"), AlterConfigOp.OpType.SET))))
          .all()
          .get();

      // Then
      assertThat(created).hasSize(TOPICS.all().size());
      assertThat(createdAgain).isEmpty();
      assertThat(none).isEmpty();
      Awaitility.await()
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(
              () ->
                  assertThat(topics.check(TOPICS))
                      .extracting(Difference::toString)
                      .containsExactly(
                          "it.queries: partitions should be 2, is 3",
                          "it.examples: cleanup.policy should be compact, is delete",
                          "it.retrain: topic should be there, is missing"));
    }
  }

  @Test
  void whatIsTakenIsSaidInOneLine(@TempDir Path directory) throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> EmbeddedBroker.start(directory, taken.getLocalPort()))
          .isInstanceOf(EmbeddedException.class)
          .hasMessageContaining("port " + taken.getLocalPort())
          .hasMessageContaining("is taken");
    }
    try (EmbeddedBroker first = EmbeddedBroker.start(directory, 0)) {
      assertThatThrownBy(() -> EmbeddedBroker.start(directory, 0))
          .isInstanceOf(EmbeddedException.class)
          .hasMessageContaining(directory.toString())
          .hasMessageContaining("is in use by another broker");
      assertThat(first.failure()).isNull();
      try (Admin admin = admin(first)) {
        assertThat(admin.describeCluster().nodes().get()).hasSize(1);
      }
    }
  }
}
