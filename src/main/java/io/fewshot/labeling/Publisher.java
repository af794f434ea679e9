package io.fewshot.labeling;

import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Query;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.Topic;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.Vote;
import io.fewshot.ops.Settings;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/**
 * Writes what people decide; each call returns when the broker has it. Safe for use by several
 * threads. Owns its producer.
 */
final class Publisher implements AutoCloseable {

  private static final byte[] TRUE = {'t', 'r', 'u', 'e'};

  private static final int PATIENCE_MILLIS = 10_000;

  private final Topics topics;
  private final RecordCodec<Correction> corrections;
  private final RecordCodec<Query> queries;
  private final RecordCodec<Example> examples;
  private final RecordCodec<LabelingRequest> requests;
  private final Serializer<Vote> votes = InternalSerde.vote().serializer();
  private final Producer<String, byte[]> producer;

  Publisher(Settings settings, Topics topics, Codecs codecs) {
    this.topics = topics;
    this.corrections = codecs.codec(Correction.class);
    this.queries = codecs.codec(Query.class);
    this.examples = codecs.codec(Example.class);
    this.requests = codecs.codec(LabelingRequest.class);
    Map<String, Object> given = settings.producer();
    given.put(ProducerConfig.ACKS_CONFIG, "all");
    given.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    given.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    given.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PATIENCE_MILLIS);
    given.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS / 2);
    given.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, PATIENCE_MILLIS);
    this.producer = new KafkaProducer<>(given, new StringSerializer(), new ByteArraySerializer());
  }

  static boolean has(ConsumerRecord<byte[], byte[]> record, String header) {
    return record.headers().lastHeader(header) != null;
  }

  static Instant now() {
    return Instant.now().truncatedTo(ChronoUnit.MILLIS);
  }

  /** What somebody says about a message, as other programs are told. */
  static Correction correction(String queryId, String task, String text, Ballot.Vote said) {
    return Correction.newBuilder()
        .setQueryId(queryId)
        .setTask(task)
        .setText(text.isBlank() ? null : text)
        .setOutput(said.output())
        .setLabeler(said.labeler())
        .setCreatedAt(said.at())
        .build();
  }

  /** Writes corrections, in this order; gives where they are. */
  List<RecordMetadata> correct(List<Correction> decided) {
    return send(topics.corrections(), decided, Correction::getQueryId, corrections::encode);
  }

  /** Takes all corrections of a message back; it waits for people again. */
  List<RecordMetadata> undo(String queryId) {
    ProducerRecord<String, byte[]> record = removal(topics.corrections().name(), queryId);
    record.headers().add(new RecordHeader(Topics.UNDO_HEADER, TRUE));
    return send(List.of(record));
  }

  /** Writes what single labelers say; it teaches nothing. */
  List<RecordMetadata> vote(List<Vote> said) {
    return send(topics.votes(), said, Vote::getQueryId, votes::serialize);
  }

  /** Takes back what everybody said about a message. */
  List<RecordMetadata> withdrawVotes(String queryId) {
    return send(List.of(removal(topics.votes().name(), queryId)));
  }

  /** Asks people about messages; one of the same id is replaced. */
  List<RecordMetadata> ask(List<OpenRequest> asked) {
    return send(
        topics.labeling(),
        asked,
        OpenRequest::queryId,
        (topic, each) -> requests.encode(topic, each.toRecord()));
  }

  /** Asks the stream what it would answer. */
  void tryOut(Query query) {
    String topic = topics.queries().name();
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(topic, query.getQueryId(), queries.encode(topic, query));
    record.headers().add(new RecordHeader(Topics.DRY_RUN, TRUE));
    send(List.of(record));
  }

  /** Replaces examples. */
  List<RecordMetadata> replace(List<Example> changed) {
    return send(
        topics.examples(),
        changed,
        example -> Topics.exampleKey(example.getTask(), example.getExampleId()),
        examples::encode);
  }

  @SuppressWarnings("NullAway") // Kafka's own interface is not annotated: null is a tombstone.
  private static ProducerRecord<String, byte[]> removal(String topic, String key) {
    return new ProducerRecord<>(topic, key, null);
  }

  private <T> List<RecordMetadata> send(
      Topic to, List<T> values, Function<T, String> key, BiFunction<String, T, byte[]> encoder) {
    String topic = to.name();
    return send(
        values.stream()
            .map(
                value -> new ProducerRecord<>(topic, key.apply(value), encoder.apply(topic, value)))
            .toList());
  }

  private List<RecordMetadata> send(List<ProducerRecord<String, byte[]>> records) {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (ProducerRecord<String, byte[]> record : records) {
      sent.add(producer.send(record));
    }
    return sent.stream().map(Publisher::await).toList();
  }

  private static RecordMetadata await(Future<RecordMetadata> sent) {
    @Nullable Throwable cause;
    try {
      return sent.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      cause = e.getCause();
    } catch (TimeoutException e) {
      cause = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      cause = e;
    }
    throw cause instanceof KafkaException kafka ? kafka : new KafkaException(cause);
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(5));
  }
}
