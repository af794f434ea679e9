package io.fewshot.training;

import io.fewshot.event.ModelRelease;
import io.fewshot.event.Topic;
import io.fewshot.training.TrainingStatus.State;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Writes what came of a training: files, release, which one serves, status and the request's
 * offset, all in one transaction.
 */
final class Publishing {

  private final Connection connection;
  private final ReleaseBook book;

  Publishing(Connection connection) {
    this.connection = connection;
    this.book = new ReleaseBook(connection);
  }

  /**
   * @param upTo requests of the slot up to this offset are answered by it
   * @throws KafkaException when it could not be published: nothing of it was
   */
  void publish(
      Job job, ReleaseBook.Slot slot, Outcome outcome, long upTo, ConsumerGroupMetadata group) {
    Producer<String, byte[]> producer = job.producer();
    producer.beginTransaction();
    try {
      String version = "";
      if (outcome instanceof Outcome.Passed passed) {
        version = passed.version();
        release(slot, passed).forEach(record -> send(producer, record));
      }
      send(
          producer,
          status(
              new TrainingStatus(
                  slot.task(),
                  slot.method(),
                  TrainerRounds.state(outcome),
                  "",
                  1,
                  outcome.why(),
                  version,
                  outcome.metrics(),
                  job.partition().partition(),
                  upTo,
                  System.currentTimeMillis())));
      producer.sendOffsetsToTransaction(
          Map.of(job.partition(), new OffsetAndMetadata(job.offset() + 1)), group);
      producer.commitTransaction();
    } catch (KafkaException e) {
      abort(producer);
      throw e;
    }
  }

  private static void abort(Producer<String, byte[]> producer) {
    try {
      producer.abortTransaction();
    } catch (KafkaException | IllegalStateException e) {
      // Fenced: the newer producer of this partition already did it.
    }
  }

  /** A send that fails makes the commit fail. */
  @SuppressWarnings("FutureReturnValueIgnored")
  private static void send(
      Producer<String, byte[]> producer, ProducerRecord<String, byte[]> record) {
    producer.send(record);
  }

  /** The records that make a release serve, in the order in which to send them. */
  List<ProducerRecord<String, byte[]>> release(ReleaseBook.Slot slot, Outcome.Passed passed) {
    List<ProducerRecord<String, byte[]>> records =
        Artifacts.records(
            connection.topics().artifacts().name(), passed.artifact(), Artifacts.CHUNK);
    Topic topic = connection.topics().releases();
    ModelRelease release =
        ModelRelease.newBuilder()
            .setTask(slot.task())
            .setMethod(slot.method())
            .setVersion(passed.version())
            .setBaseModel(passed.baseModel())
            .setArtifact(Artifacts.uri(passed.artifact()))
            .setSha256(passed.artifact().sha256())
            .setDatasetOffsets(passed.offsets())
            .setMetrics(passed.metrics())
            .setCreatedAt(Instant.now())
            .build();
    records.add(
        new ProducerRecord<>(
            topic.name(),
            ReleaseBook.key(slot.task(), slot.method(), passed.version()),
            connection.codecs().codec(ModelRelease.class).encode(topic.name(), release)));
    records.add(book.activation(slot, passed.version(), passed.why()));
    return records;
  }

  /** Says how far a training is; nobody waits for it to arrive. */
  void progress(
      Producer<String, byte[]> producer,
      ReleaseBook.Slot slot,
      TopicPartition partition,
      long offset,
      String step,
      double done) {
    send(
        producer,
        status(
            new TrainingStatus(
                slot.task(),
                slot.method(),
                State.TRAINING,
                step,
                done,
                "",
                "",
                Map.of(),
                partition.partition(),
                offset,
                System.currentTimeMillis())));
  }

  private ProducerRecord<String, byte[]> status(TrainingStatus status) {
    return new ProducerRecord<>(
        connection.topics().trainings().name(), status.task(), status.bytes());
  }
}
