package io.fewshot.stream;

import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.EmbeddedBroker;
import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.Query;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.model.ProgressListener;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** The whole stream service on a broker of its own, with the real encoders. */
final class RunningStream implements AutoCloseable {

  final Topics topics = Topics.standard();
  final EmbeddedBroker broker;
  final FakeRegistry registry;
  final Codecs codecs;
  final Health health = new Health();
  final StreamService service;
  final Settings settings;
  final Engines engines;
  final Metrics metrics = new Metrics();
  private final KafkaProducer<String, byte[]> producer;

  /**
   * @param more settings, such as the rungs
   */
  RunningStream(Path folder, Map<String, String> more) throws Exception {
    broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
    registry = FakeRegistry.start();
    codecs = Codecs.of(Map.of("schema.registry.url", registry.url()));
    try (Admin admin = Admin.create(connection())) {
      new TopicAdmin(admin, Duration.ofSeconds(20)).create(topics, 1);
    }
    Map<String, String> all = new HashMap<>(more);
    all.put("bootstrap.servers", broker.bootstrapServers());
    all.put("schema.registry.url", registry.url());
    all.put(Settings.STATE_DIR, folder.resolve("state").toString());
    this.settings = Settings.load(all, null, System.getenv());
    engines = StreamService.engines(settings, health, metrics, ProgressListener.NONE);
    service = new StreamService(settings, topics, codecs, health, metrics, engines);
    producer = new KafkaProducer<>(connection(), new StringSerializer(), new ByteArraySerializer());
    service.start();
  }

  void awaitReady(Duration time) {
    await().atMost(time).until(health::ready);
  }

  void define(String task, String yaml) {
    send(
        topics.tasks().name(),
        task,
        TaskDefinition.newBuilder().setTask(task).setDefinition(yaml).build());
    await().atMost(Duration.ofSeconds(60)).until(() -> service.tasks().find(task).isPresent());
  }

  void ask(String id, String task, String text) {
    send(
        topics.queries().name(),
        "conversation of " + id,
        Query.newBuilder().setQueryId(id).setTask(task).setText(text).build());
  }

  void correct(String id, String output, @Nullable String task, @Nullable String text) {
    send(
        topics.corrections().name(),
        id,
        Correction.newBuilder()
            .setQueryId(id)
            .setTask(task)
            .setText(text)
            .setOutput(output)
            .setLabeler("ann")
            .setCreatedAt(Instant.now())
            .build());
  }

  void forget(String id) {
    remove(topics.corrections().name(), id);
  }

  /** A tombstone. */
  void remove(String topic, String key) {
    sendBytes(topic, key, null);
    producer.flush();
  }

  void sendBytes(String topic, String key, byte @Nullable [] value) {
    producer.send(new ProducerRecord<>(topic, key, value));
  }

  <T extends SpecificRecord> void send(String topic, String key, T record) {
    sendLater(topic, key, record);
    producer.flush();
  }

  @SuppressWarnings("unchecked")
  <T extends SpecificRecord> void sendLater(String topic, String key, T record) {
    byte[] value = codecs.codec((Class<T>) record.getClass()).encode(topic, record);
    sendBytes(topic, key, value);
  }

  /** All that was committed to a topic up to now, in order within each partition. */
  List<ConsumerRecord<String, byte[]>> read(String topic) {
    List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
    readOn(topic, new HashMap<>(), records::add);
    return records;
  }

  /**
   * All that was committed to a topic up to now, after what was read before.
   *
   * @param places the next offset of each partition, read and changed
   */
  void readOn(
      String topic,
      Map<TopicPartition, Long> places,
      Consumer<ConsumerRecord<String, byte[]>> each) {
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      List<TopicPartition> partitions = partitions(consumer, topic);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      partitions.stream()
          .filter(partition -> places.containsKey(partition))
          .forEach(partition -> consumer.seek(partition, places.get(partition)));
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        consumer.poll(Duration.ofMillis(50)).forEach(each);
      }
      partitions.forEach(partition -> places.put(partition, consumer.position(partition)));
    }
  }

  /** How many records were ever written to a topic that has no transactions. */
  long written(String topic) {
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      return consumer.endOffsets(partitions(consumer, topic)).values().stream()
          .mapToLong(Long::longValue)
          .sum();
    }
  }

  private KafkaConsumer<String, byte[]> consumer() {
    Map<String, Object> config = new HashMap<>(connection());
    config.put("isolation.level", "read_committed");
    return new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer());
  }

  private static List<TopicPartition> partitions(KafkaConsumer<?, ?> consumer, String topic) {
    return consumer.partitionsFor(topic).stream()
        .map(info -> new TopicPartition(topic, info.partition()))
        .toList();
  }

  /** The values of a topic of records; tombstones are left out. */
  <T extends SpecificRecord> List<T> records(String topic, Class<T> type) {
    return read(topic).stream()
        .filter(record -> record.value() != null)
        .map(record -> codecs.codec(type).decode(topic, record.headers(), record.value()))
        .toList();
  }

  private Map<String, Object> connection() {
    return Map.of("bootstrap.servers", broker.bootstrapServers());
  }

  @Override
  public void close() throws IOException {
    producer.close(Duration.ofSeconds(5));
    service.close();
    engines.close();
    metrics.close();
    broker.close();
    codecs.close();
    registry.close();
  }
}
