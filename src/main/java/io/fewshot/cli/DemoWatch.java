package io.fewshot.cli;

import io.fewshot.event.Correction;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Query;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.Result;
import io.fewshot.event.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.header.Header;

/**
 * Sees what becomes of records: results, what people are asked, dead letters; from the beginning.
 */
final class DemoWatch implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(50);

  private final Console console;
  private final Topic queries;
  private final Topic results;
  private final Topic labeling;
  private final Topic corrections;
  private final RecordCodec<Result> resultCodec;
  private final RecordCodec<Query> queryCodec;
  private final RecordCodec<LabelingRequest> labelingCodec;
  private final RecordCodec<Correction> correctionCodec;
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
    this.queries = cluster.topics().queries();
    this.results = cluster.topics().results();
    this.labeling = cluster.topics().labeling();
    this.corrections = cluster.topics().corrections();
    this.labelingCodec = cluster.codecs().codec(LabelingRequest.class);
    this.correctionCodec = cluster.codecs().codec(Correction.class);
    this.resultCodec = cluster.codecs().codec(Result.class);
    this.queryCodec = cluster.codecs().codec(Query.class);
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
    String topic = header(record, "__streams.errors.topic");
    String why =
        header(record, "fewshot.reason") + ": " + header(record, "__streams.errors.message");
    if (topic.equals(queries.name())) {
      return new Outcome.Refused(
          What.MESSAGE, decoded(queryCodec, queries, record).map(Query::getQueryId), why);
    }
    if (topic.equals(corrections.name())) {
      return new Outcome.Refused(
          What.CORRECTION,
          decoded(correctionCodec, corrections, record).map(Correction::getQueryId),
          why);
    }
    return new Outcome.Refused(What.OTHER, Optional.empty(), why);
  }

  private static <T> Optional<T> decoded(
      RecordCodec<T> codec, Topic topic, ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(codec.decode(topic.name(), record.headers(), record.value()));
    } catch (RecordException e) {
      return Optional.empty();
    }
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null || header.value() == null
        ? ""
        : new String(header.value(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    Thread.interrupted();
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
  }
}
