package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.EmbeddedBroker;
import io.fewshot.event.Codecs;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.Method;
import io.fewshot.event.Split;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.event.TrainingExample;
import io.fewshot.ops.Settings;
import io.fewshot.training.Connection;
import io.fewshot.training.ReleaseBook;
import io.fewshot.training.Requests;
import io.fewshot.training.TrainingStatus;
import io.fewshot.training.TrainingStatus.State;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Trainers as processes of their own, on a broker, and what they say. */
final class Trainers implements AutoCloseable {

  static final Topics TOPICS = Topics.standard();
  static final Duration PATIENCE = Duration.ofSeconds(120);

  /** Without a heartbeat; the least that a broker allows. */
  private static final String SESSION_MILLIS = "6000";

  private static final String[] NAMES = {"Anna", "Peter", "Maria", "John"};
  private static final String[] VERBS = {"return", "pay for", "cancel", "praise", "complain about"};
  private static final String[] THINGS =
      ("parcel,invoice,password,phone,lamp,garden chair,holiday,dentist,piano lesson,gym card,"
              + "passport,car tyre,birthday cake,football ticket,printer,bank card,winter coat,"
              + "library book,train ride,hotel room,loan,insurance,broken window,heating,cat food,"
              + "tax form,wedding dress,bicycle,camera,coffee machine")
          .split(",");

  private final List<Process> trainers = new ArrayList<>();
  private final List<TrainingStatus> statuses = new ArrayList<>();
  private final Path folder;
  private final EmbeddedBroker broker;
  private final FakeRegistry registry;
  private final Codecs codecs;
  final Connection connection;
  final Admin admin;
  private final KafkaProducer<String, byte[]> producer;
  private final KafkaConsumer<String, byte[]> following;

  /** Starts the broker, without any trainer. */
  Trainers(Path folder) throws IOException {
    this.folder = folder;
    broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
    registry = FakeRegistry.start();
    Map<String, String> here =
        Map.of(Settings.BOOTSTRAP, broker.bootstrapServers(), Settings.REGISTRY, registry.url());
    codecs = Codecs.of(Map.of("schema.registry.url", registry.url()));
    connection = new Connection(Settings.load(here, null, Map.of()), TOPICS, codecs);
    Map<String, Object> config = Map.of("bootstrap.servers", broker.bootstrapServers());
    admin = Admin.create(config);
    new TopicAdmin(admin, Duration.ofSeconds(30)).create(TOPICS, 1);
    producer = new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer());
    following = connection.consumer();
    List<TopicPartition> all =
        following.partitionsFor(TOPICS.trainings().name()).stream()
            .map(info -> new TopicPartition(info.topic(), info.partition()))
            .toList();
    following.assign(all);
    following.seekToBeginning(all);
  }

  @Override
  public void close() throws IOException {
    trainers.forEach(Process::destroyForcibly);
    following.close();
    producer.close(Duration.ofSeconds(5));
    admin.close();
    codecs.close();
    broker.close();
    registry.close();
  }

  /** Teaches the task and asks for a training: a head is better, since a third is mislabeled. */
  Requests.Place ask(String task) {
    producer.send(
        new ProducerRecord<>(
            TOPICS.validTasks().name(),
            task,
            ("task: " + task + "\ninstruction: Name who writes.\nlanguage: en\nrungs: [head]\n")
                .getBytes(StandardCharsets.UTF_8)));
    Random errors = new Random(1);
    for (int i = 0; i < NAMES.length * VERBS.length * THINGS.length; i++) {
      String name = NAMES[i % 4];
      Split split = i % 10 < 6 ? Split.TRAIN : Split.HOLDOUT;
      boolean wrong = split == Split.TRAIN && errors.nextDouble() < 0.3;
      TrainingExample example =
          TrainingExample.newBuilder()
              .setTask(task)
              .setExampleId(Integer.toString(i))
              .setInput(
                  "%s wants to %s the %s"
                      .formatted(name, VERBS[i / 4 % VERBS.length], THINGS[i / 4 / VERBS.length]))
              .setOutput(name.endsWith("a") != wrong ? "woman" : "man")
              .setLabeler("test")
              .setSplit(split)
              .build();
      String topic = TOPICS.sftDataset().name();
      producer.send(
          new ProducerRecord<>(
              topic,
              Topics.exampleKey(task, example.getExampleId()),
              codecs.codec(TrainingExample.class).encode(topic, example)));
    }
    producer.flush();
    return Requests.send(connection, task, Method.HEAD, "test");
  }

  private List<TrainingStatus> statuses(String task) {
    following
        .poll(Duration.ofMillis(20))
        .forEach(record -> TrainingStatus.of(record.value()).ifPresent(statuses::add));
    return statuses.stream().filter(status -> status.task().equals(task)).toList();
  }

  private List<TrainingStatus> ended(String task) {
    return statuses(task).stream().filter(status -> status.state() != State.TRAINING).toList();
  }

  void awaitStep(String task, String step) {
    await(step + " of " + task)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(10))
        .until(() -> statuses(task).stream().anyMatch(status -> status.step().startsWith(step)));
  }

  void awaitAnswer(String task, Requests.Place place) {
    await("an answer to the request for " + task)
        .atMost(PATIENCE)
        .until(
            () ->
                ended(task).stream()
                    .anyMatch(status -> status.answers(place.partition(), place.offset())));
  }

  void assertOneRelease(String task) {
    assertThat(ended(task))
        .singleElement()
        .satisfies(end -> assertThat(end.state()).as(end.why()).isEqualTo(State.RELEASED));
    ReleaseBook book = ReleaseBook.read(connection);
    assertThat(book.releases())
        .filteredOn(release -> release.getTask().equals(task))
        .singleElement()
        .satisfies(
            release ->
                assertThat(book.serving(new ReleaseBook.Slot(task, Method.HEAD)))
                    .contains(release));
  }

  static String group() {
    return Settings.load(Map.of(Settings.BOOTSTRAP, "none"), null, Map.of()).applicationIdPrefix()
        + "trainer";
  }

  void awaitMembers(int count) {
    await(count + " trainers")
        .atMost(PATIENCE)
        .until(
            () -> {
              var described =
                  admin.describeConsumerGroups(List.of(group())).all().get().get(group());
              return described.groupState() == GroupState.STABLE
                  && described.members().size() == count;
            });
  }

  /** The request is behind the group, answered or passed over. */
  void awaitCommitted(Requests.Place place) {
    TopicPartition partition = new TopicPartition(TOPICS.retrain().name(), place.partition());
    await("the offset of the request")
        .atMost(PATIENCE)
        .until(() -> committed(partition) > place.offset());
  }

  private long committed(TopicPartition partition) throws ExecutionException, InterruptedException {
    var offset =
        admin
            .listConsumerGroupOffsets(group())
            .partitionsToOffsetAndMetadata()
            .get()
            .get(partition);
    return offset == null ? 0 : offset.offset();
  }

  Process launch() throws IOException {
    ProcessBuilder builder =
        FewshotProcess.of(List.of("-Xmx500m", "-XX:+UseSerialGC"), "trainer", "--port", "0");
    Map<String, String> environment = new HashMap<>();
    environment.put("FEWSHOT_BOOTSTRAP_SERVERS", broker.bootstrapServers());
    environment.put("FEWSHOT_SCHEMA_REGISTRY_URL", registry.url());
    environment.put("FEWSHOT_STATE_DIR", folder.resolve("state").toString());
    environment.put("FEWSHOT_TRAINER_EXAMPLES", "0");
    environment.put("FEWSHOT_KAFKA_SESSION_TIMEOUT_MS", SESSION_MILLIS);
    environment.put("FEWSHOT_KAFKA_HEARTBEAT_INTERVAL_MS", "1000");
    builder.environment().putAll(environment);
    Path logs = Path.of("target", "crash-logs");
    Files.createDirectories(logs);
    builder
        .redirectErrorStream(true)
        .redirectOutput(logs.resolve("trainer-" + trainers.size() + ".log").toFile());
    Process process = builder.start();
    trainers.add(process);
    return process;
  }

  static void signal(Process process, String name) throws IOException, InterruptedException {
    String command = "kill -" + name + " " + process.pid();
    assertThat(new ProcessBuilder("sh", "-c", command).start().waitFor()).isZero();
  }
}
