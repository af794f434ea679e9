package io.fewshot.cli;

import io.fewshot.event.LabelingRequest;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.Result;
import io.fewshot.event.Topic;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Sees what becomes of records: results, what people are asked, dead letters; from the beginning.
 */
final class DemoWatch implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(50);

  private final Console console;
  private final Cluster cluster;
  private final Topic queries;
  private final Topic results;
  private final Topic labeling;
  private final Topic corrections;
  private final RecordCodec<Result> resultCodec;
  private final RecordCodec<LabelingRequest> labelingCodec;
  private final Consumer<byte[], byte[]> consumer;

  /** What was refused; a task or an example is something other. */
  enum What {
    MESSAGE,
    CORRECTION,
    OTHER
  }

  /** What became of a record. */
  sealed interface Outcome {

    /** A message was answered. */
    record Answered(Result result) implements Outcome {}

    /** People are asked about a message. */
    record Asked(LabelingRequest request) implements Outcome {}

    /**
     * A record was refused.
     *
     * @param queryId when it is known
     */
    record Refused(What what, Optional<String> queryId, String why) implements Outcome {}
  }

  DemoWatch(Console console, Cluster cluster) {
    this.console = console;
    this.cluster = cluster;
    this.queries = cluster.topics().queries();
    this.results = cluster.topics().results();
    this.labeling = cluster.topics().labeling();
    this.corrections = cluster.topics().corrections();
    this.labelingCodec = cluster.codecs().codec(LabelingRequest.class);
    this.resultCodec = cluster.codecs().codec(Result.class);
    this.consumer = cluster.consumer();
    try {
      List<TopicPartition> partitions =
          Stream.of(results, labeling, cluster.topics().deadLetters())
              .flatMap(topic -> consumer.partitionsFor(topic.name()).stream())
              .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
    } catch (RuntimeException e) {
      consumer.close();
      throw e;
    }
  }

  /** Gives out what is new; waits a moment when nothing is. */
  void poll(java.util.function.Consumer<Outcome> each) {
    try {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (record.topic().equals(results.name())) {
          ResultsCommand.read(console, resultCodec, record)
              .ifPresent(result -> each.accept(new Outcome.Answered(result)));
        } else if (record.topic().equals(labeling.name())) {
          each.accept(
              new Outcome.Asked(
                  labelingCodec.decode(labeling.name(), record.headers(), record.value())));
        } else {
          each.accept(refused(record));
        }
      }
    } catch (InterruptException e) {
      throw new StoppedException();
    }
  }

  private Outcome refused(ConsumerRecord<byte[], byte[]> record) {
    DeadLetter letter = DeadLetter.of(cluster, record);
    String why = letter.reason() + ": " + letter.message();
    if (letter.topic().equals(queries.name())) {
      return new Outcome.Refused(What.MESSAGE, letter.field("query_id"), why);
    }
    if (letter.topic().equals(corrections.name())) {
      return new Outcome.Refused(What.CORRECTION, letter.field("query_id"), why);
    }
    return new Outcome.Refused(What.OTHER, Optional.empty(), why);
  }

  @Override
  public void close() {
    Thread.interrupted();
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
  }
}
