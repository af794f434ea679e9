package io.fewshot.labeling;

import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.Query;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.Topics;
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
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/**
 * Writes what people decide; each call returns when the broker has it. Safe for use by several
 * threads. Owns its producer.
 */
final class Publisher implements AutoCloseable {

  /** Header of a correction that ends a vote. */
  static final String SETTLES = "fewshot.settles";

  /** Header of a removal after which the message waits for people again. */
  static final String UNDO = "fewshot.undo";

  /** Header of a query that was only tried; it travels to the result. */
  private static final byte[] TRUE = {'t', 'r', 'u', 'e'};

  private static final int PATIENCE_MILLIS = 10_000;

  private final Topics topics;
  private final RecordCodec<Correction> corrections;
  private final RecordCodec<Query> queries;
  private final RecordCodec<Example> examples;
  private final Producer<String, byte[]> producer;

  /** A correction and whether it ends a vote. */
  record Decision(Correction correction, boolean settles) {}

  Publisher(Settings settings, Topics topics, Codecs codecs) {
    this.topics = topics;
    this.corrections = codecs.codec(Correction.class);
    this.queries = codecs.codec(Query.class);
    this.examples = codecs.codec(Example.class);
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

  /** Writes corrections, in this order; gives where they are. */
  List<RecordMetadata> correct(List<Decision> decisions) {
    String topic = topics.corrections().name();
    List<ProducerRecord<String, byte[]>> records = new ArrayList<>();
    for (Decision decision : decisions) {
      ProducerRecord<String, byte[]> record =
          new ProducerRecord<>(
              topic,
              decision.correction().getQueryId(),
              corrections.encode(topic, decision.correction()));
      if (decision.settles()) {
        record.headers().add(new RecordHeader(SETTLES, TRUE));
      }
      records.add(record);
    }
    return send(records);
  }

  /** Takes all corrections of a message back; it waits for people again. */
  List<RecordMetadata> undo(String queryId) {
    ProducerRecord<String, byte[]> record = removal(topics.corrections().name(), queryId);
    record.headers().add(new RecordHeader(UNDO, TRUE));
    return send(List.of(record));
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
  void replace(List<Example> changed) {
    String topic = topics.examples().name();
    send(
        changed.stream()
            .map(
                example ->
                    new ProducerRecord<>(
                        topic,
                        Topics.exampleKey(example.getTask(), example.getExampleId()),
                        examples.encode(topic, example)))
            .toList());
  }

  @SuppressWarnings("NullAway") // Kafka's own interface is not annotated: null is a tombstone.
  private static ProducerRecord<String, byte[]> removal(String topic, String key) {
    return new ProducerRecord<>(topic, key, null);
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
