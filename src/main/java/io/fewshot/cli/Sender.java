package io.fewshot.cli;

import io.fewshot.event.RecordSerde;
import io.fewshot.event.Topic;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Sends records to one topic and tells which ones the broker has taken. For one thread.
 *
 * @param <T> the records' class
 */
final class Sender<T extends SpecificRecord> implements AutoCloseable {

  private final Topic topic;
  private final Producer<String, byte[]> producer;
  private final Serializer<T> serializer;
  private final Consumer<String> taken;
  private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
  private long count;

  /**
   * @param taken told the id of each record that the broker has taken, on the caller's thread
   */
  Sender(Cluster cluster, Topic topic, Class<T> type, Consumer<String> taken) {
    cluster.require(topic);
    this.topic = topic;
    this.serializer = new RecordSerde<>(cluster.codecs().codec(type)).serializer();
    this.taken = taken;
    this.producer = cluster.producer();
  }

  /**
   * Sends a record; null removes what the key names.
   *
   * @param id to tell which one it was
   * @throws KafkaException when this one or one before it could not be sent
   */
  @SuppressWarnings("FutureReturnValueIgnored") // The callback hears of it.
  void send(String id, String key, @Nullable T record) {
    byte[] value = record == null ? null : serializer.serialize(topic.name(), record);
    producer.send(
        new ProducerRecord<>(topic.name(), key, value),
        (metadata, e) -> {
          if (e == null) {
            acknowledged.add(id);
          } else {
            failure.compareAndSet(null, e);
          }
        });
    report();
  }

  /**
   * Sends one record and waits until the broker has it.
   *
   * @return where it is
   * @throws KafkaException when it could not be sent
   */
  RecordMetadata sendNow(String key, @Nullable T record) {
    byte[] value = record == null ? null : serializer.serialize(topic.name(), record);
    Future<RecordMetadata> sent = producer.send(new ProducerRecord<>(topic.name(), key, value));
    producer.flush();
    try {
      return sent.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KafkaException kafka ? kafka : new KafkaException(e.getCause());
    } catch (InterruptedException e) {
      throw new StoppedException();
    }
  }

  /** Waits until the broker has taken all of them. */
  void flush() {
    producer.flush();
    report();
  }

  /** How many records the broker has taken. */
  long count() {
    return count;
  }

  private void report() {
    for (String id = acknowledged.poll(); id != null; id = acknowledged.poll()) {
      count++;
      taken.accept(id);
    }
    Exception e = failure.get();
    if (e != null) {
      throw e instanceof KafkaException kafka ? kafka : new KafkaException(e);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(5));
  }
}
