package io.fewshot.labeling;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.embedded.Embedded;
import io.fewshot.event.Candidate;
import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Reason;
import io.fewshot.event.Result;
import io.fewshot.event.Schemas;
import io.fewshot.event.Status;
import io.fewshot.event.Topic;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.Vote;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;

/** A broker and a registry, and what the stream and people write there. */
final class LabelingWorld implements AutoCloseable {

  static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Embedded embedded = Embedded.startTemporary();
  private final Settings settings = Settings.load(embedded.properties(), null, Map.of());
  private final Codecs codecs = Codecs.of(settings.registry());
  private final KafkaProducer<String, byte[]> producer =
      new KafkaProducer<>(settings.producer(), new StringSerializer(), new ByteArraySerializer());

  private LabelingWorld() {}

  static LabelingWorld start() {
    return new LabelingWorld();
  }

  /** Topics of its own for one test. */
  Records records(String test) {
    Topics topics = Topics.of(test + ".", 1);
    try (Admin admin = Admin.create(settings.admin())) {
      new TopicAdmin(admin, PATIENCE).create(topics, 1);
    }
    Schemas.register(topics, codecs.registry());
    return new Records(topics);
  }

  LabelingService serve(Records records, Health health, Metrics metrics, WebSettings web) {
    return LabelingService.start(settings, records.topics(), codecs, health, metrics, web);
  }

  @Override
  public void close() {
    producer.close();
    codecs.close();
    embedded.close();
  }

  /** The topics of one test. */
  final class Records {

    private final Topics topics;

    private Records(Topics topics) {
      this.topics = topics;
    }

    Topics topics() {
      return topics;
    }

    /** Lets somebody decide on corrections. */
    FakeLearning learn() {
      return new FakeLearning(settings, topics, codecs, producer);
    }

    void task(String name, String more) {
      String yaml = "task: " + name + "\ninstruction: Name the intent.\n" + more;
      send(
          new ProducerRecord<>(
              topics.validTasks().name(), name, yaml.getBytes(StandardCharsets.UTF_8)));
    }

    void example(String id, String input, String output) {
      Example example =
          Example.newBuilder()
              .setExampleId(id)
              .setTask("intents")
              .setInput(input)
              .setOutput(output)
              .setSource("import")
              .setLabeler("")
              .build();
      send(record(topics.examples(), Example.class, "intents/" + id, example));
    }

    void ask(String id, String text, double confidence, String... outputs) {
      ask(id, text, Reason.LOW_CONFIDENCE, confidence, outputs);
    }

    void ask(String id, String text, Reason reason, double confidence, String... outputs) {
      List<Candidate> candidates = new ArrayList<>();
      for (int i = 0; i < outputs.length; i++) {
        candidates.add(new Candidate(outputs[i], i == 0 ? confidence : (1 - confidence) / 2));
      }
      LabelingRequest request =
          LabelingRequest.newBuilder()
              .setQueryId(id)
              .setTask("intents")
              .setText(text)
              .setCandidates(candidates)
              .setConfidence(confidence)
              .setReason(reason)
              .setPropensity(1)
              .setExampleIds(List.of("e1", "e2"))
              .setCreatedAt(Instant.now())
              .build();
      send(record(topics.labeling(), LabelingRequest.class, id, request));
    }

    void vote(String id, String labeler, String output) {
      Vote vote =
          Vote.newBuilder()
              .setTask("intents")
              .setQueryId(id)
              .setLabeler(labeler)
              .setOutput(output)
              .setAt(Instant.now())
              .build();
      send(
          new ProducerRecord<>(
              topics.votes().name(), id, InternalSerde.vote().serializer().serialize("", vote)));
    }

    void result(String id, String output, double confidence, boolean accepted) {
      send(record(topics.results(), Result.class, id, answer(id, output, confidence, accepted)));
    }

    static Result answer(String id, String output, double confidence, boolean accepted) {
      return Result.newBuilder()
          .setQueryId(id)
          .setTask("intents")
          .setStatus(accepted ? Status.ACCEPTED : Status.NEEDS_REVIEW)
          .setOutput(output)
          .setConfidence(confidence)
          .setCandidates(List.of(new Candidate(output, confidence)))
          .setRung("few-shot")
          .setExampleIds(List.of("e1"))
          .setModelVersion("a model")
          .setPromptTokens(123)
          .setTruncated(false)
          .setLatencyMs(45)
          .setCreatedAt(Instant.now())
          .build();
    }

    <T extends SpecificRecord> ProducerRecord<String, byte[]> record(
        Topic topic, Class<T> type, String key, T value) {
      return new ProducerRecord<>(
          topic.name(), key, codecs.codec(type).encode(topic.name(), value));
    }

    void send(ProducerRecord<String, byte[]> record) {
      producer.send(record);
      producer.flush();
    }

    List<ConsumerRecord<String, Correction>> corrections(int count) {
      return read(topics.corrections(), Correction.class, count);
    }

    /** The records of a topic, of which there are so many, and no more for a moment. */
    <T extends SpecificRecord> List<ConsumerRecord<String, T>> read(
        Topic topic, Class<T> type, int count) {
      try (KafkaConsumer<byte[], byte[]> consumer =
              new KafkaConsumer<>(
                  settings.consumer(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
          StringDeserializer keys = new StringDeserializer()) {
        TopicPartition partition = new TopicPartition(topic.name(), 0);
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
        List<ConsumerRecord<String, T>> read = new ArrayList<>();
        Awaitility.await()
            .atMost(PATIENCE)
            .until(
                () -> {
                  for (ConsumerRecord<byte[], byte[]> each :
                      consumer.poll(Duration.ofMillis(100))) {
                    T value =
                        each.value() == null
                            ? null
                            : codecs.codec(type).decode(topic.name(), each.headers(), each.value());
                    read.add(
                        new ConsumerRecord<>(
                            each.topic(),
                            0,
                            each.offset(),
                            keys.deserialize(topic.name(), each.key()),
                            value));
                  }
                  return read.size() >= count;
                });
        assertThat(read).hasSize(count);
        return read;
      }
    }
  }
}
