package io.fewshot.labeling;

import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.CorrectionOutcome;
import io.fewshot.event.internal.Decision;
import io.fewshot.ops.Settings;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Decides on corrections as the learning application does: one label is refused. */
final class FakeLearning implements AutoCloseable {

  static final String REFUSED = "no such label";

  private final Settings settings;
  private final Topics topics;
  private final Codecs codecs;
  private final KafkaProducer<String, byte[]> producer;
  private final Thread thread = new Thread(this::run, "fake-learning");
  private volatile boolean closed;

  FakeLearning(
      Settings settings, Topics topics, Codecs codecs, KafkaProducer<String, byte[]> producer) {
    this.settings = settings;
    this.topics = topics;
    this.codecs = codecs;
    this.producer = producer;
    thread.start();
  }

  private void run() {
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            settings.consumer(), new StringDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = List.of(new TopicPartition(topics.corrections().name(), 0));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (!closed) {
        consumer.poll(Duration.ofMillis(20)).forEach(this::decide);
      }
    }
  }

  private void decide(ConsumerRecord<String, byte[]> record) {
    boolean refused =
        record.value() != null
            && codecs
                .codec(Correction.class)
                .decode(record.topic(), record.headers(), record.value())
                .getOutput()
                .equals(REFUSED);
    CorrectionOutcome outcome =
        CorrectionOutcome.newBuilder()
            .setPartition(record.partition())
            .setOffset(record.offset())
            .setDecision(
                refused
                    ? Decision.REFUSED
                    : record.value() == null ? Decision.WITHDRAWN : Decision.APPLIED)
            .setReason(refused ? "UNKNOWN_LABEL" : "")
            .setMessage(refused ? "`no such label` is no label of task intents" : "")
            .build();
    producer.send(
        new ProducerRecord<>(
            topics.outcomes().name(),
            record.key(),
            InternalSerde.correctionOutcome().serializer().serialize("", outcome)));
    producer.flush();
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join(5_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
