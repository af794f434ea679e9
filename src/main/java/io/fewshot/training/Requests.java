package io.fewshot.training;

import io.fewshot.event.Method;
import io.fewshot.event.RetrainRequest;
import io.fewshot.event.Topic;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Asks the trainer for releases. */
public final class Requests {

  private Requests() {}

  /** Where a request lies: {@link TrainingStatus#answers} says when it was answered. */
  public record Place(int partition, long offset) {}

  /**
   * Asks for a training.
   *
   * @throws org.apache.kafka.common.KafkaException when the broker did not take the request
   */
  public static Place send(Connection connection, String task, Method method, String reason) {
    try (Producer<String, byte[]> producer = connection.producer(Map.of())) {
      return send(connection, producer, task, method, reason);
    }
  }

  static Place send(
      Connection connection,
      Producer<String, byte[]> producer,
      String task,
      Method method,
      String reason) {
    Topic topic = connection.topics().retrain();
    RetrainRequest request =
        RetrainRequest.newBuilder()
            .setTask(task)
            .setMethod(method)
            .setReason(reason)
            .setCreatedAt(Instant.now())
            .build();
    RecordMetadata taken =
        Sending.send(
            producer,
            new ProducerRecord<>(
                topic.name(),
                task,
                connection.codecs().codec(RetrainRequest.class).encode(topic.name(), request)));
    return new Place(taken.partition(), taken.offset());
  }
}
