package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.Correction;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.UndecodableException;
import io.fewshot.event.internal.CorrectionOutcome;
import io.fewshot.event.internal.Decision;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Writes one correction and hears what learning decides about it. Makes the order sure: it listens
 * before it writes. For one thread.
 */
final class CorrectionWatch implements AutoCloseable {

  /** A correction of an unknown message is waited for a minute, see product.md. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private static final Duration POLL = Duration.ofMillis(100);

  private final Console console;
  private final Cluster cluster;
  private final Consumer<byte[], byte[]> consumer;
  private final Deserializer<CorrectionOutcome> outcomes =
      InternalSerde.correctionOutcome().deserializer();

  CorrectionWatch(Console console, Cluster cluster) {
    this.console = console;
    this.cluster = cluster;
    this.consumer = cluster.consumerFromNowOn(cluster.topics().outcomes());
  }

  /** Writes a correction, or with null takes back what was said, without waiting. */
  static RecordMetadata send(Cluster cluster, String queryId, @Nullable Correction correction) {
    try (Sender<Correction> sender =
        new Sender<>(cluster, cluster.topics().corrections(), Correction.class, id -> {})) {
      return sender.sendNow(queryId, correction);
    }
  }

  /**
   * Writes a correction, or with null takes back what was said, and waits for what becomes of it.
   *
   * @throws FailedException when nobody decides
   */
  CorrectionOutcome decide(String queryId, @Nullable Correction correction) {
    RecordMetadata written = send(cluster, queryId, correction);
    long start = System.nanoTime();
    try (Steps steps = new Steps(console)) {
      while (System.nanoTime() - start < PATIENCE.toNanos()) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          Optional<CorrectionOutcome> found =
              outcome(record)
                  .filter(each -> each.getPartition() == written.partition())
                  .filter(each -> each.getOffset() == written.offset());
          if (found.isPresent()) {
            return found.get();
          }
        }
        if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(2)) {
          steps.at("waiting for what the stream decides", 0, -1);
        }
      }
    } catch (InterruptException e) {
      throw new StoppedException();
    }
    throw new FailedException(
        "it is sent, but nobody decided on it in %d s: is ./fewshot stream running?"
            .formatted(PATIENCE.toSeconds()));
  }

  private Optional<CorrectionOutcome> outcome(ConsumerRecord<byte[], byte[]> record) {
    try {
      return Optional.ofNullable(outcomes.deserialize(record.topic(), record.value()));
    } catch (UndecodableException e) {
      // Anybody may have written it.
      return Optional.empty();
    }
  }

  /** Adds a decision to a line of JSON. */
  static ObjectNode put(ObjectNode line, CorrectionOutcome outcome) {
    line.put("decision", outcome.getDecision().name());
    if (outcome.getDecision() == Decision.REFUSED) {
      line.put("reason", outcome.getReason()).put("why", outcome.getMessage());
    }
    return line;
  }

  @Override
  public void close() {
    Thread.interrupted();
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
  }
}
