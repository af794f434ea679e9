package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.EmbeddedBroker;
import io.fewshot.event.Codecs;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.Method;
import io.fewshot.event.ModelRelease;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Split;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.event.TrainingExample;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.model.ProgressListener;
import io.fewshot.model.TinyModel;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.prompt.Language;
import io.fewshot.training.Connection;
import io.fewshot.training.ReleaseBook;
import io.fewshot.training.Requests;
import io.fewshot.training.TrainerService;
import io.fewshot.training.TrainingStatus;
import io.fewshot.training.TrainingStatus.State;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From the data set to answers by the release, and back again, with real parts. */
class FineTunedReleasesIT {

  private static final Topics TOPICS = Topics.standard();
  private static final ReleaseBook.Slot SLOT = new ReleaseBook.Slot("who", Method.LORA);
  private static final String[] THINGS = {
    "parcel",
    "invoice",
    "password",
    "phone",
    "lamp",
    "garden chair",
    "holiday",
    "dentist",
    "piano lesson",
    "gym card",
    "passport",
    "car tyre",
    "birthday cake",
    "football ticket",
    "printer",
    "bank card",
    "winter coat",
    "library book",
    "train ride",
    "hotel room",
    "loan",
    "insurance",
    "broken window",
    "heating",
    "cat food",
    "tax form",
    "wedding dress",
    "bicycle",
    "camera",
    "coffee machine"
  };
  private static final String[] VERBS = {
    "return", "pay for", "cancel", "ask about", "complain about"
  };
  private static final String[] NAMES = {"Anna", "Peter", "Maria", "John"};
  private static final int EXAMPLES = THINGS.length * VERBS.length * NAMES.length;

  @TempDir Path folder;

  private EmbeddedBroker broker;
  private FakeRegistry registry;
  private Codecs codecs;
  private Metrics metrics;
  private Health health;
  private Connection connection;
  private Engines engines;
  private StreamService stream;
  private Path model;
  private TrainerService trainer;
  private KafkaProducer<String, byte[]> producer;

  @BeforeEach
  void start() throws Exception {
    broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
    registry = FakeRegistry.start();
    Map<String, String> flags = new HashMap<>();
    flags.put(Settings.BOOTSTRAP, broker.bootstrapServers());
    flags.put(Settings.REGISTRY, registry.url());
    flags.put(Settings.STATE_DIR, folder.resolve("state").toString());
    flags.put(Settings.RUNGS, "neighbours,fine-tuned");
    flags.put(Settings.LORA_RATE, "10000");
    flags.put(Settings.LORA_EPOCHS, "12");
    flags.put(Settings.DTYPE, "fp32");
    model = TinyModel.of("llama", 3).write(folder.resolve("tiny.gguf"));
    flags.put(Settings.TRAINER_EXAMPLES, "0");
    Settings settings = Settings.load(flags, null, Map.of());
    codecs = Codecs.of(settings.registry());
    try (Admin admin = Admin.create(settings.admin())) {
      new TopicAdmin(admin, Duration.ofSeconds(30)).create(TOPICS, 1);
    }
    metrics = new Metrics();
    health = new Health();
    connection = new Connection(settings, TOPICS, codecs);
    engines = StreamService.engines(settings, health, metrics, ProgressListener.NONE);
    stream = new StreamService(settings, TOPICS, codecs, health, metrics, engines);
    trainer =
        new TrainerService(settings, TOPICS, codecs, health, metrics, TrainerService.Listener.NONE);
    producer =
        new KafkaProducer<>(settings.producer(), new StringSerializer(), new ByteArraySerializer());
    stream.start();
    trainer.start();
  }

  @AfterEach
  void stop() {
    producer.close(Duration.ofSeconds(5));
    trainer.close();
    stream.close();
    engines.close();
    metrics.close();
    codecs.close();
    registry.close();
    broker.close();
  }

  @Test
  void aReleaseIsTrainedServesAndIsRolledBack() {
    // Given: labels that neighbours in meaning say nothing about
    defineAndTeach();
    await()
        .atMost(Duration.ofMinutes(2))
        .untilAsserted(
            () -> {
              assertThat(stream.memory().task("who").size()).isEqualTo(EXAMPLES);
              assertThat(stream.tasks().find("who")).isPresent();
            });

    // When, Then: it is better than the neighbours
    TrainingStatus first = retrain();
    assertThat(first.state()).as(first.why()).isEqualTo(State.RELEASED);
    assertThat(first.metrics().get("accuracy"))
        .isGreaterThan(first.metrics().get("incumbent_accuracy"));
    ModelRelease release = ReleaseBook.read(connection).serving(SLOT).orElseThrow();
    assertThat(release.getVersion()).isEqualTo(first.version());
    assertThat(release.getArtifact()).isEqualTo("kafka:" + release.getSha256());
    assertThat(release.getBaseModel()).isEqualTo("tiny.gguf/fp32");
    assertThat(release.getDatasetOffsets().values().stream().mapToLong(x -> x).sum())
        .isEqualTo(EXAMPLES);
    awaitVersion("a", first.version());

    // When, Then: the same data make a candidate that is no better
    TrainingStatus again = retrain();
    assertThat(again.state()).as(again.why()).isEqualTo(State.REJECTED);
    assertThat(again.why()).contains("not better beyond noise");

    // When, Then: what was forgotten must be out of what serves
    producer.send(new ProducerRecord<>(TOPICS.sftDataset().name(), "who/3", null));
    producer.flush();
    TrainingStatus second = retrain();
    assertThat(second.state()).as(second.why()).isEqualTo(State.RELEASED);
    assertThat(second.version()).isNotEqualTo(first.version());
    awaitVersion("b", second.version());

    // When, Then
    ReleaseBook.read(connection).rollBack(SLOT, first.version(), "test");
    awaitVersion("c", first.version());

    // When, Then: one that does not load leaves the one before serving
    ModelRelease broken =
        ModelRelease.newBuilder(release).setVersion("broken").setSha256("0".repeat(64)).build();
    send(TOPICS.releases().name(), "who/LORA/broken", broken);
    producer.flush();
    ReleaseBook.read(connection).rollBack(SLOT, "broken", "test");
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(String.valueOf(health.statuses().get("release who/LORA")))
                    .contains("sha256", first.version() + " goes on serving"));
    assertThat(health.ready()).isTrue();
    awaitVersion("d", first.version());
    assertThat(results().stream().map(Result::getQueryId)).doesNotHaveDuplicates();
  }

  private void defineAndTeach() {
    send(
        TOPICS.tasks().name(),
        "who",
        TaskDefinition.newBuilder()
            .setTask("who")
            .setDefinition(
                "task: who\ninstruction: Name the tone.\nlanguage: en\nrungs: [fine-tuned]\naudit: 0\nmodel: %s\n"
                    .formatted(model))
            .build());
    List<EncodedExample.Builder> encoded = new ArrayList<>();
    Random random = new Random(1);
    for (int i = 0; i < EXAMPLES; i++) {
      String name = NAMES[i % 4];
      boolean loud = random.nextBoolean();
      String input =
          "%s wants to %s the %s%s"
              .formatted(
                  name,
                  VERBS[i / 4 % VERBS.length],
                  THINGS[i / 4 / VERBS.length],
                  loud ? "!" : ".");
      Split split = i % 10 < 6 ? Split.TRAIN : Split.HOLDOUT;
      String output = loud ? "loud" : "calm";
      String key = Topics.exampleKey("who", Integer.toString(i));
      send(
          TOPICS.sftDataset().name(),
          key,
          TrainingExample.newBuilder()
              .setTask("who")
              .setExampleId(Integer.toString(i))
              .setInput(input)
              .setOutput(output)
              .setLabeler("test")
              .setSplit(split)
              .build());
      encoded.add(
          EncodedExample.newBuilder()
              .setTask("who")
              .setExampleId(Integer.toString(i))
              .setInput(input)
              .setOutput(output)
              .setSource("import")
              .setLabeler("")
              .setCreatedAt(Instant.EPOCH)
              .setSplit(split.name()));
    }
    sendEncoded(encoded);
    producer.flush();
  }

  /** Past the learning application, which would choose the splits itself. */
  private void sendEncoded(List<EncodedExample.Builder> drafts) {
    List<Embedding> embeddings =
        engines
            .encoders()
            .encode(Language.EN, drafts.stream().map(draft -> draft.getInput()).toList());
    for (int i = 0; i < drafts.size(); i++) {
      EncodedExample example =
          drafts
              .get(i)
              .setEncodedBy(embeddings.get(i).encoder())
              .setVector(InternalSerde.bytes(embeddings.get(i).vector()))
              .build();
      producer.send(
          new ProducerRecord<>(
              TOPICS.encodedExamples().name(),
              Topics.exampleKey("who", example.getExampleId()),
              InternalSerde.encodedExample().serializer().serialize("", example)));
    }
  }

  private TrainingStatus retrain() {
    Requests.Place place = Requests.send(connection, "who", Method.LORA, "test");
    List<TrainingStatus> found = new ArrayList<>();
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> {
              for (TrainingStatus status : statuses()) {
                if (status.answers(place.partition(), place.offset())) {
                  found.add(status);
                }
              }
              return !found.isEmpty();
            });
    return found.get(found.size() - 1);
  }

  private List<TrainingStatus> statuses() {
    return read(TOPICS.trainings().name()).stream()
        .map(TrainingStatus::of)
        .flatMap(Optional::stream)
        .toList();
  }

  /** Messages are answered all the time, and at last by this version. */
  private void awaitVersion(String name, String version) {
    List<String> ids = new ArrayList<>();
    await()
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Duration.ofMillis(300))
        .untilAsserted(
            () -> {
              String id = name + ids.size();
              ids.add(id);
              send(
                  TOPICS.queries().name(),
                  id,
                  Query.newBuilder()
                      .setQueryId(id)
                      .setTask("who")
                      .setText("Peter wants to ask about the umbrella!")
                      .build());
              producer.flush();
              assertThat(results())
                  .filteredOn(result -> result.getQueryId().startsWith(name))
                  .anySatisfy(
                      result -> {
                        assertThat(result.getRung()).isEqualTo("fine-tuned");
                        assertThat(result.getOutput()).isIn("loud", "calm");
                        assertThat(result.getModelVersion()).endsWith("+lora-" + version);
                      });
            });
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> assertThat(results().stream().map(Result::getQueryId)).containsAll(ids));
  }

  private List<Result> results() {
    String topic = TOPICS.results().name();
    return read(topic).stream()
        .map(
            value ->
                codecs
                    .codec(Result.class)
                    .decode(
                        topic, new org.apache.kafka.common.header.internals.RecordHeaders(), value))
        .toList();
  }

  private List<byte[]> read(String topic) {
    List<byte[]> values = new ArrayList<>();
    try (KafkaConsumer<String, byte[]> consumer = connection.consumer()) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
        consumer.poll(Duration.ofMillis(50)).forEach(record -> values.add(record.value()));
      }
    }
    return values;
  }

  @SuppressWarnings("unchecked")
  private <T extends SpecificRecord> void send(String topic, String key, T record) {
    byte[] value = codecs.codec((Class<T>) record.getClass()).encode(topic, record);
    producer.send(new ProducerRecord<>(topic, key, value));
  }
}
