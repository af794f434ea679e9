package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Topics;
import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.AuditBook;
import io.fewshot.ladder.Message;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.prompt.Rung;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/**
 * The answering topology in a driver, with an answerer that a test says the behaviour of: given
 * tasks and queries, then results and dead letters.
 */
final class AnsweringDriver implements AutoCloseable {

  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  static final Topics TOPICS = Topics.standard();

  final FakeRegistry registry;
  final TaskCatalogue catalogue = new TaskCatalogue();
  final ExampleMemory memory = new ExampleMemory();
  final AnsweringParts parts;
  final TopologyTestDriver driver;

  /** The texts of each batch that the answerer was asked about. */
  final List<List<String>> batches = new ArrayList<>();

  /** What is escalated to the language model. */
  Predicate<Message> hard = message -> message.text().startsWith("hard");

  /** Throws when a batch cannot be answered. */
  Function<List<Message>, List<Answer>> answers = AnsweringDriver::accept;

  /** The same for the language model alone. */
  Function<List<Message>, List<Answer>> model = AnsweringDriver::accept;

  Function<Message, Optional<Answer>> fallbacks = message -> Optional.empty();

  private final Codecs blocking;
  private final Codecs codecs;
  private final TestInputTopic<String, byte[]> queries;
  private final TestInputTopic<String, String> tasks;
  private final TestOutputTopic<String, Result> results;
  private final TestOutputTopic<String, byte[]> deadLetters;

  AnsweringDriver() throws IOException {
    this(InferenceExecutor.DIRECT, RecordLimits.standard(), BufferBudget.ofHeap());
  }

  AnsweringDriver(InferenceExecutor executor, RecordLimits limits, BufferBudget budget)
      throws IOException {
    registry = FakeRegistry.start();
    Map<String, String> properties =
        Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "1");
    blocking = Codecs.of(properties);
    // Another client, which knows only the schemas that were looked up before the stream started.
    codecs = Codecs.of(properties).withoutWaiting();
    io.fewshot.event.Schemas.register(TOPICS, codecs.registry());
    StreamSettings settings = StreamSettings.standard();
    AnsweringParts usual =
        AnsweringParts.of(
                new ScriptedAnswerer(), memory, catalogue, new AuditBook(), executor, settings)
            .withClock(settings, () -> 0);
    parts =
        new AnsweringParts(
            usual.answerer(),
            memory,
            catalogue,
            usual.audits(),
            executor,
            budget,
            usual.threads(),
            usual.activity(),
            usual.fastSizes(),
            usual.modelSizes(),
            usual.outages(),
            usual.faults());
    Properties config = new Properties();
    config.put(
        StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, SaneTimestamps.class.getName());
    driver =
        new TopologyTestDriver(
            AnsweringTopology.build(
                TOPICS, codecs, parts, limits, settings, new SimpleMeterRegistry()),
            config,
            START);
    StringSerializer text = new StringSerializer();
    queries = driver.createInputTopic(TOPICS.queries().name(), text, new ByteArraySerializer());
    tasks = driver.createInputTopic(TOPICS.validTasks().name(), text, text);
    StringDeserializer keys = new StringDeserializer();
    results =
        driver.createOutputTopic(
            TOPICS.results().name(), keys, blocking.serde(Result.class).deserializer());
    deadLetters =
        driver.createOutputTopic(TOPICS.deadLetters().name(), keys, new ByteArrayDeserializer());
  }

  private final class ScriptedAnswerer implements Answerer {

    private record Tried(Message message, Optional<Answer> settled, Optional<Answer> fallback)
        implements Attempt {}

    @Override
    public List<Attempt> attempt(List<Message> batch) {
      batches.add(batch.stream().map(Message::text).toList());
      List<Answer> all = answers.apply(batch);
      List<Attempt> attempts = new ArrayList<>();
      for (int i = 0; i < batch.size(); i++) {
        Message message = batch.get(i);
        Optional<Answer> settled = hard.test(message) ? Optional.empty() : Optional.of(all.get(i));
        attempts.add(new Tried(message, settled, fallbacks.apply(message)));
      }
      return attempts;
    }

    @Override
    public List<Answer> finish(List<Attempt> open) {
      return model.apply(open.stream().map(attempt -> ((Tried) attempt).message()).toList());
    }
  }

  static List<Answer> accept(List<Message> batch) {
    return batch.stream().map(message -> answer(message.text() + "!", true)).toList();
  }

  static Answer answer(String output, boolean accepted) {
    return new Answer(
        output,
        accepted ? 0.99 : 0.4,
        List.of(new Answer.Option(output, 0.5)),
        Rung.NEIGHBOURS,
        List.of(),
        "test",
        0,
        false,
        accepted,
        false,
        null);
  }

  void defineTask(String name) {
    tasks.pipeInput(name, "task: %s\ninstruction: Greet.\naudit: 0\n".formatted(name));
  }

  void removeTask(String name) {
    tasks.pipeInput(name, (String) null);
  }

  /** Lets the stream's client know the schema of queries, as it does once the first one came. */
  void knowSchema() {
    registry.schemas.keySet().forEach(blocking.registry()::schema);
    byte[] query = encode("warm", "warm", "warm");
    org.awaitility.Awaitility.await()
        .ignoreExceptions()
        .until(() -> codecs.codec(Query.class).decode("", new RecordHeaders(), query) != null);
  }

  void ask(String key, String id, String task, String text) {
    send(key, encode(id, task, text), new RecordHeaders());
  }

  void send(String key, byte[] value, Headers headers) {
    queries.pipeInput(new TestRecord<>(key, value, headers, START));
  }

  /** With a timestamp that Kafka's own test classes refuse, and brokers do not. */
  void sendAt(String key, byte[] value, long timestamp) {
    try {
      Method pipe =
          TopologyTestDriver.class.getDeclaredMethod(
              "pipeRecord", String.class, long.class, byte[].class, byte[].class, Headers.class);
      pipe.setAccessible(true);
      byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
      pipe.invoke(driver, TOPICS.queries().name(), timestamp, bytes, value, new RecordHeaders());
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the driver of tests has changed", e);
    }
  }

  byte[] encode(String id, String task, String text) {
    Query query = Query.newBuilder().setQueryId(id).setTask(task).setText(text).build();
    return blocking.codec(Query.class).encode(TOPICS.queries().name(), query);
  }

  void tick(Duration time) {
    for (long left = time.toMillis(); left > 0; left -= 20) {
      driver.advanceWallClockTime(Duration.ofMillis(20));
    }
  }

  List<String> resultIds() {
    return results().stream().map(Result::getQueryId).toList();
  }

  List<Result> results() {
    return results.readValuesToList();
  }

  List<TestRecord<String, byte[]>> deadLetters() {
    return deadLetters.readRecordsToList();
  }

  List<String> reasons() {
    return deadLetters().stream().map(letter -> header(letter, "fewshot.reason")).toList();
  }

  static String header(TestRecord<String, byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    driver.close();
    codecs.close();
    blocking.close();
    registry.close();
    memory.close();
  }
}
