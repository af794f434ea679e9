package io.fewshot.training;

import io.fewshot.event.Codecs;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Topic;
import io.fewshot.event.Topics;
import io.fewshot.ops.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes clients for the topics of one installation; who asks for one closes it. The codecs belong
 * to who made them.
 */
public record Connection(Settings settings, Topics topics, Codecs codecs) {

  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration STALLED = Duration.ofSeconds(30);

  /** Without a group: assigned by hand, read committed, from the beginning. */
  public KafkaConsumer<String, byte[]> consumer() {
    Map<String, Object> given = settings.consumer();
    given.remove(ConsumerConfig.GROUP_ID_CONFIG);
    return consumer(given);
  }

  KafkaConsumer<String, byte[]> consumer(Map<String, Object> given) {
    given.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    given.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    given.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    return new KafkaConsumer<>(given, new StringDeserializer(), new ByteArrayDeserializer());
  }

  /** Idempotent, acknowledged by all replicas. */
  Producer<String, byte[]> producer(Map<String, Object> more) {
    Map<String, Object> given = settings.producer();
    given.put(ProducerConfig.ACKS_CONFIG, "all");
    given.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    given.putAll(more);
    return new KafkaProducer<>(given, new StringSerializer(), new ByteArraySerializer());
  }

  /**
   * What a record says; what cannot be read is passed over, and said.
   *
   * @throws RegistryUnavailableException when the registry is needed and away
   */
  <T extends SpecificRecord> Optional<T> decode(
      Class<T> type, ConsumerRecord<String, byte[]> record) {
    try {
      return Optional.of(
          codecs.codec(type).decode(record.topic(), record.headers(), record.value()));
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (RecordException e) {
      LOG.warn(
          "Passed over {}-{}@{}: {}",
          record.topic(),
          record.partition(),
          record.offset(),
          e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Reads what was committed to a topic, to where it ends now.
   *
   * @return where it ended, by partition
   * @throws TimeoutException when nothing comes for long
   */
  Map<Integer, Long> readToEnd(Topic topic, Consumer<ConsumerRecord<String, byte[]>> each) {
    try (KafkaConsumer<String, byte[]> consumer = consumer()) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic.name()).stream()
              .map(info -> new TopicPartition(topic.name(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      // The last stable offsets: what is under way does not belong to it.
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long progress = -1;
      long deadline = 0;
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        long now = partitions.stream().mapToLong(consumer::position).sum();
        if (now != progress) {
          progress = now;
          deadline = System.nanoTime() + STALLED.toNanos();
        } else if (System.nanoTime() > deadline) {
          throw new TimeoutException(
              "nothing more came of %s for %d s".formatted(topic.name(), STALLED.toSeconds()));
        }
        for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
          TopicPartition from = new TopicPartition(topic.name(), record.partition());
          if (record.offset() < ends.getOrDefault(from, 0L)) {
            each.accept(record);
          }
        }
      }
      return ends.entrySet().stream()
          .collect(Collectors.toMap(e -> e.getKey().partition(), Map.Entry::getValue));
    }
  }
}
