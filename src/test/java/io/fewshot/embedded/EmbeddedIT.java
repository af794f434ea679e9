package io.fewshot.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fewshot.event.Codecs;
import io.fewshot.event.Query;
import io.fewshot.event.SchemaRegistry;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedIT {

  private static final Topics TOPICS = Topics.of("it.", 1);

  @Test
  void aRecordGoesThroughBrokerAndRegistry() {
    try (Embedded embedded = Embedded.startTemporary();
        Codecs codecs = Codecs.of(Map.of("schema.registry.url", embedded.registryUrl()));
        Admin admin = Admin.create(Map.of("bootstrap.servers", embedded.bootstrapServers()))) {
      // Given
      new TopicAdmin(admin, Duration.ofSeconds(20)).create(TOPICS, 1);
      Serde<Query> serde = codecs.serde(Query.class);
      String topic = TOPICS.queries().name();
      Query query = Query.newBuilder().setQueryId("q").setTask("t").setText("hello").build();

      // When
      try (KafkaProducer<String, Query> producer =
          new KafkaProducer<>(
              Map.of("bootstrap.servers", embedded.bootstrapServers()),
              new StringSerializer(),
              serde.serializer())) {
        producer.send(new ProducerRecord<>(topic, "conversation", query));
      }

      // Then
      try (KafkaConsumer<String, Query> consumer =
          new KafkaConsumer<>(
              Map.of("bootstrap.servers", embedded.bootstrapServers()),
              new StringDeserializer(),
              serde.deserializer())) {
        consumer.assign(List.of(new TopicPartition(topic, 0)));
        consumer.seekToBeginning(consumer.assignment());
        Awaitility.await()
            .atMost(Duration.ofSeconds(20))
            .untilAsserted(
                () ->
                    assertThat(consumer.poll(Duration.ofMillis(200)))
                        .extracting(record -> record.value())
                        .containsExactly(query));
      }
      assertThat(SchemaRegistry.of(embedded.properties()).subjects()).contains("it.queries-value");
      assertThat(embedded.failure()).isNull();
    }
  }

  @Test
  void whenOneCannotStartNeitherStays(@TempDir Path directory) throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();

      assertThatThrownBy(() -> Embedded.start(directory, 0, port, waited -> {}))
          .isInstanceOf(EmbeddedException.class)
          .hasMessageContaining("port " + port);
    }
    // A second attempt finds the broker's directory free.
    try (EmbeddedBroker broker = EmbeddedBroker.start(directory.resolve("broker"), 0)) {
      assertThat(broker.failure()).isNull();
    }
  }
}
