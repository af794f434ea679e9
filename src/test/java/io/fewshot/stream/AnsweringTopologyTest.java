package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Codecs;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Query;
import io.fewshot.event.Reason;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.AuditOutcome;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.AuditBook;
import io.fewshot.ladder.Message;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
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
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnsweringTopologyTest {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Topics TOPICS = Topics.standard();

  private final ExampleMemory memory = new ExampleMemory();
  private final AuditBook audits = new AuditBook();
  private final List<List<String>> batches = new ArrayList<>();
  private Function<List<Message>, List<Answer>> answerer = accepting();
  private Predicate<Message> climbs = message -> false;
  private Function<Message, Optional<Answer>> fallbacks = message -> Optional.empty();
  private InferenceExecutor executor = InferenceExecutor.DIRECT;
  private TaskCatalogue catalogue = new TaskCatalogue();

  private FakeRegistry registry;
  private Codecs codecs;
  private TopologyTestDriver driver;
  private TestInputTopic<String, byte[]> queries;
  private TestInputTopic<String, String> tasks;
  private TestOutputTopic<String, Result> results;
  private TestOutputTopic<String, LabelingRequest> labeling;
  private TestOutputTopic<String, SeenMessage> seen;
  private TestOutputTopic<String, byte[]> deadLetters;

  @BeforeEach
  void start() throws Exception {
    registry = FakeRegistry.start();
    catalogue = new TaskCatalogue();
    codecs =
        Codecs.of(Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "1"));
    driver =
        new TopologyTestDriver(
            AnsweringTopology.build(
                TOPICS,
                codecs,
                AnsweringParts.of(
                        new FunctionAnswerer(
                            batch -> {
                              batches.add(batch.stream().map(Message::text).toList());
                              return answerer.apply(batch);
                            },
                            message -> climbs.test(message),
                            message -> fallbacks.apply(message)),
                        memory,
                        catalogue,
                        audits,
                        (task, work) -> executor.execute(task, work),
                        StreamSettings.standard())
                    .withClock(StreamSettings.standard(), () -> 0),
                RecordLimits.standard(),
                StreamSettings.standard(),
                new SimpleMeterRegistry()),
            new Properties(),
            START);
    StringSerializer text = new StringSerializer();
    queries = driver.createInputTopic(TOPICS.queries().name(), text, new ByteArraySerializer());
    tasks = driver.createInputTopic(TOPICS.validTasks().name(), text, text);
    results = output(TOPICS.results().name(), codecs.serde(Result.class).deserializer());
    labeling = output(TOPICS.labeling().name(), codecs.serde(LabelingRequest.class).deserializer());
    seen = output(TOPICS.seen().name(), InternalSerde.seenMessage().deserializer());
    deadLetters = output(TOPICS.deadLetters().name(), new ByteArrayDeserializer());
    defineTask("greet", "audit: 0");
  }

  @AfterEach
  void stop() {
    driver.close();
    codecs.close();
    registry.close();
    memory.close();
  }

  @Test
  void anAcceptedAnswerGoesToResultsWithTheQuerysKeyAndHeaders() {
    RecordHeaders headers = new RecordHeaders();
    headers.add("traceparent", "00-abc".getBytes(StandardCharsets.UTF_8));

    queries.pipeInput(
        new TestRecord<>("customer-1", bytes("q1", "greet", "hello"), headers, START));
    tick(Duration.ofMillis(150));

    TestRecord<String, Result> record = results.readRecord();
    assertThat(record.key()).isEqualTo("customer-1");
    assertThat(record.headers().lastHeader("traceparent").value()).asString().isEqualTo("00-abc");
    Result result = record.value();
    assertThat(result.getQueryId()).isEqualTo("q1");
    assertThat(result.getStatus()).isEqualTo(Status.ACCEPTED);
    assertThat(result.getOutput()).isEqualTo("hello!");
    assertThat(result.getRung()).isEqualTo("neighbours");
    assertThat(result.getLatencyMs()).isEqualTo(20);
    assertThat(labeling.isEmpty()).isTrue();
    assertThat(deadLetters.isEmpty()).isTrue();
    TestRecord<String, SeenMessage> remembered = seen.readRecord();
    assertThat(remembered.key()).isEqualTo("q1");
    assertThat(remembered.value().getText()).isEqualTo("hello");
    assertThat(remembered.value().getHeaders()).hasSize(1);
  }

  @Test
  void whatWasDrawnIsRememberedWithItsAnswerWhetherAcceptedOrNot() {
    defineTask("greet", "audit: 1");
    answerer = batch -> batch.stream().map(m -> answer("maybe", 0.4, false, false)).toList();

    send("k", "q1", "greet", "hm");

    assertThat(seen.readValue())
        .satisfies(message -> assertThat(message.getAudit()).isEqualTo(1))
        .satisfies(message -> assertThat(message.getConfidence()).isEqualTo(0.4))
        .satisfies(message -> assertThat(message.getOutput()).isEqualTo("maybe"));
    assertThat(labeling.readValue().getReason()).isEqualTo(Reason.LOW_CONFIDENCE);
  }

  @Test
  void whatAuditsSayReachesTheLadderAndIsTakenBackByATombstone() {
    TestInputTopic<String, byte[]> outcomes =
        driver.createInputTopic(
            TOPICS.audits().name(), new StringSerializer(), new ByteArraySerializer());
    TaskDefinition task = new TaskYaml().parse("task: greet\ninstruction: i\nstart: cautious\n");
    assertThat(audits.proof(task).orElseThrow().isProven()).isFalse();

    for (int i = 0; i < 200; i++) {
      AuditOutcome outcome =
          new AuditOutcome("greet", "q" + i, 0.97, true, 0.02, START.plusSeconds(i));
      outcomes.pipeInput(
          "greet/q" + i, InternalSerde.auditOutcome().serializer().serialize("", outcome));
    }

    assertThat(audits.proof(task).orElseThrow().isProven()).isTrue();
    for (int i = 0; i < 150; i++) {
      outcomes.pipeInput("greet/q" + i, (byte[]) null);
    }
    assertThat(audits.proof(task).orElseThrow().isProven()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatIsNotAcceptedGoesToPeopleToo(boolean novel) {
    answerer = batch -> batch.stream().map(m -> answer("maybe", 0.4, false, novel)).toList();

    send("k", "q1", "greet", "hm");

    assertThat(results.readValue().getStatus()).isEqualTo(Status.NEEDS_REVIEW);
    LabelingRequest request = labeling.readValue();
    assertThat(request.getReason()).isEqualTo(novel ? Reason.NOVEL : Reason.LOW_CONFIDENCE);
    assertThat(request.getPropensity()).isEqualTo(1);
    assertThat(request.getCandidates()).hasSize(1);
    assertThat(request.getText()).isEqualTo("hm");
  }

  @Test
  void anAuditAsksPeopleAboutWhatIsAccepted() {
    defineTask("greet", "audit: 1");

    send("k", "q1", "greet", "hello");

    assertThat(results.readValue().getStatus()).isEqualTo(Status.ACCEPTED);
    assertThat(labeling.readRecord())
        .satisfies(record -> assertThat(record.key()).isEqualTo("q1"))
        .satisfies(record -> assertThat(record.value().getReason()).isEqualTo(Reason.AUDIT));
  }

  @Test
  void aDryRunIsAnsweredAndLeavesNoTrace() {
    answerer = batch -> batch.stream().map(m -> answer("maybe", 0.4, false, true)).toList();
    Query query =
        Query.newBuilder(query("q1", "greet", "hello"))
            .setAttributes(Map.of("fewshot.dry_run", "true"))
            .build();

    queries.pipeInput("k", encode(query));
    tick(Duration.ofMillis(30));

    TestRecord<String, Result> result = results.readRecord();
    assertThat(result.value().getStatus()).isEqualTo(Status.NEEDS_REVIEW);
    assertThat(header(result, "fewshot.dry_run")).isEqualTo("true");
    assertThat(labeling.isEmpty()).isTrue();
    assertThat(seen.isEmpty()).isTrue();
  }

  @Test
  void onlyADryRunTellsWhatTheModelWasAsked() {
    answerer =
        batch -> batch.stream().map(m -> answer("maybe", 0.4, true, false, "Asked: x")).toList();
    Query tried =
        Query.newBuilder(query("q1", "greet", "hello"))
            .setAttributes(Map.of("fewshot.dry_run", "true"))
            .build();

    queries.pipeInput("k", encode(tried));
    queries.pipeInput("l", encode(query("q2", "greet", "hello")));
    tick(Duration.ofMillis(30));

    assertThat(header(results.readRecord(), "fewshot.prompt")).isEqualTo("Asked: x");
    assertThat(header(results.readRecord(), "fewshot.prompt")).isNull();
  }

  @Test
  void bytesThatAreNotAvroBecomeADeadLetterWithTheirOrigin() {
    byte[] garbage = "not avro".getBytes(StandardCharsets.UTF_8);
    RecordHeaders headers = new RecordHeaders();
    headers.add("traceparent", "00-abc".getBytes(StandardCharsets.UTF_8));

    queries.pipeInput(new TestRecord<>("k", garbage, headers, START));

    TestRecord<String, byte[]> letter = deadLetters.readRecord();
    assertThat(letter.key()).isEqualTo("k");
    assertThat(letter.value()).isEqualTo(garbage);
    assertThat(header(letter, "fewshot.reason")).isEqualTo("UNDECODABLE");
    assertThat(header(letter, "fewshot.stage")).isEqualTo("decode");
    assertThat(header(letter, "__streams.errors.topic")).isEqualTo("fewshot.queries");
    assertThat(header(letter, "__streams.errors.partition")).isEqualTo("0");
    assertThat(header(letter, "__streams.errors.offset")).isEqualTo("0");
    assertThat(header(letter, "__streams.errors.exception")).contains("UndecodableException");
    assertThat(header(letter, "__streams.errors.message")).isNotBlank();
    assertThat(header(letter, "__streams.errors.stacktrace")).contains("at io.fewshot");
    assertThat(header(letter, "traceparent")).isEqualTo("00-abc");
  }

  @Test
  void anUnknownSchemaANullValueAndAnEmptyTextBecomeDeadLetters() {
    byte[] unknown = {0, 0, 0, 3, -1, 1, 2, 3};

    queries.pipeInput("a", unknown);
    queries.pipeInput("b", (byte[]) null);
    queries.pipeInput("c", bytes("q1", "greet", " \n\t "));
    queries.pipeInput("d", new byte[0]);

    assertThat(deadLetters.readRecordsToList())
        .extracting(letter -> header(letter, "fewshot.reason"))
        .containsExactly("UNKNOWN_SCHEMA", "UNDECODABLE", "EMPTY_TEXT", "UNDECODABLE");
    assertThat(results.isEmpty()).isTrue();
  }

  @Test
  void aMessageWaitsForItsTask() {
    send("k", "q1", "later", "hello");
    tick(Duration.ofSeconds(4));
    assertThat(results.isEmpty()).isTrue();

    defineTask("later", "audit: 0");
    tick(Duration.ofMillis(30));

    assertThat(results.readValue().getTask()).isEqualTo("later");
    tick(Duration.ofSeconds(10));
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void aTaskThatNeverComesMakesADeadLetter() {
    send("k", "q1", "never", "hello");
    tick(Duration.ofSeconds(6));

    assertThat(header(deadLetters.readRecord(), "fewshot.reason")).isEqualTo("UNKNOWN_TASK");
    assertThat(results.isEmpty()).isTrue();
    tick(Duration.ofSeconds(6));
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void aTaskWhoseDefinitionIsNotJudgedYetIsWaitedForAsLongAsItTakes() {
    catalogue.announced("slow", 0);
    send("k", "q1", "slow", "hello");
    tick(Duration.ofMinutes(1));
    assertThat(deadLetters.isEmpty()).isTrue();
    assertThat(results.isEmpty()).isTrue();

    tasks.pipeInput("refused/slow", "0");
    tick(Duration.ofMillis(600));
    assertThat(header(deadLetters.readRecord(), "fewshot.reason")).isEqualTo("UNKNOWN_TASK");
  }

  @Test
  void nothingOvertakesAnEarlierMessageWithTheSameKey() {
    send("same", "q1", "later", "first");
    send("same", "q2", "greet", "second");
    send("other", "q3", "greet", "third");
    send(null, "q4", "greet", "fourth");

    assertThat(results.readValuesToList())
        .extracting(Result::getQueryId)
        .containsExactly("q3", "q4");

    defineTask("later", "audit: 0");
    tick(Duration.ofMillis(60));
    assertThat(results.readValuesToList())
        .extracting(Result::getQueryId)
        .containsExactly("q1", "q2");
  }

  @Test
  void eachTickAnswersABatch() {
    for (int i = 0; i < 10; i++) {
      queries.pipeInput("k" + i, bytes("q" + i, "greet", "hello " + i));
    }
    assertThat(batches).as("reading goes first").isEmpty();

    tick(Duration.ofMillis(20));
    assertThat(batches).extracting(List::size).containsExactly(8);

    tick(Duration.ofMillis(20));
    assertThat(batches).extracting(List::size).containsExactly(8, 2);
    assertThat(results.readValuesToList()).hasSize(10);
  }

  @Test
  void fastAnswersOvertakeTheModelsButNotWithinAKey() {
    climbs = message -> message.text().contains("hard");
    List<Runnable> modelWork = new ArrayList<>();
    executor = (task, work) -> modelWork.add(work);

    queries.pipeInput("a", bytes("q1", "greet", "hard one"));
    queries.pipeInput("a", bytes("q2", "greet", "easy, but after it"));
    queries.pipeInput("b", bytes("q3", "greet", "easy"));
    queries.pipeInput("c", bytes("q4", "greet", "hard two"));
    tick(Duration.ofMillis(20));
    assertThat(resultIds()).containsExactly("q3");
    queries.pipeInput("d", bytes("q5", "greet", "easy, while the model computes"));
    tick(Duration.ofMillis(60));
    assertThat(resultIds()).containsExactly("q5");

    modelWork.forEach(Runnable::run);
    tick(Duration.ofMillis(60));

    assertThat(resultIds()).containsExactly("q1", "q4", "q2");
    assertThat(batches).contains(List.of("hard one", "hard two"));
  }

  @Test
  void aPoisonousMessageCostsOnlyItself() {
    answerer =
        batch -> {
          if (batch.stream().anyMatch(message -> message.text().contains("poison"))) {
            throw new IllegalStateException("cannot be computed");
          }
          return accepting().apply(batch);
        };

    for (int i = 0; i < 8; i++) {
      queries.pipeInput("k" + i, bytes("q" + i, "greet", i == 5 ? "poison" : "fine"));
    }
    tick(Duration.ofMillis(20));

    assertThat(results.readValuesToList())
        .extracting(Result::getQueryId)
        .containsExactly("q0", "q1", "q2", "q3", "q4", "q6", "q7");
    TestRecord<String, byte[]> letter = deadLetters.readRecord();
    assertThat(header(letter, "fewshot.reason")).isEqualTo("INFERENCE_FAILED");
    assertThat(header(letter, "__streams.errors.message")).isEqualTo("cannot be computed");
    assertThat(header(letter, "__streams.errors.offset")).isEqualTo("5");
    assertThat(letter.value()).isEqualTo(bytes("q5", "greet", "poison"));
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void messagesWaitWhileAModelIsNotThere() {
    boolean[] ready = {false};
    answerer =
        batch -> {
          if (!ready[0]) {
            throw new Answerer.NotReadyException("still loading");
          }
          return accepting().apply(batch);
        };

    send("k", "q1", "greet", "one");
    send("k", "q2", "greet", "two");
    tick(Duration.ofMinutes(2));
    assertThat(results.isEmpty()).isTrue();
    assertThat(deadLetters.isEmpty()).isTrue();

    ready[0] = true;
    tick(Duration.ofMillis(600));
    assertThat(results.readValuesToList())
        .extracting(Result::getQueryId)
        .containsExactly("q1", "q2");
  }

  @Test
  void messagesWaitWhileTheRegistryIsAway() {
    byte[] query = bytes("q1", "greet", "hello");
    // A client that has not asked for the schema yet.
    stopAndStartWithFreshCaches();
    registry.faults.set(Integer.MAX_VALUE);

    queries.pipeInput("k", query);
    tick(Duration.ofMinutes(1));
    assertThat(results.isEmpty()).isTrue();
    assertThat(deadLetters.isEmpty()).isTrue();

    registry.faults.set(0);
    tick(Duration.ofMillis(600));
    assertThat(results.readValue().getQueryId()).isEqualTo("q1");
  }

  @Test
  void aRepeatedQueryIsAnsweredAgain() {
    send("k", "q1", "greet", "hello");
    send("k", "q1", "greet", "hello");

    assertThat(results.readValuesToList())
        .extracting(Result::getQueryId)
        .containsExactly("q1", "q1");
  }

  @Test
  void oddTextPassesThrough() {
    String[] texts = {"\ud800 lone \udc00", "\u0000\u0007\u001b[31m", "x".repeat(60_000)};
    for (String text : texts) {
      send("k", "q", "greet", text);
    }

    assertThat(results.readValuesToList()).hasSize(3);
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void encodedExamplesFillTheMemoryAndTombstonesEmptyIt() {
    TestInputTopic<String, byte[]> encoded =
        driver.createInputTopic(
            TOPICS.encodedExamples().name(), new StringSerializer(), new ByteArraySerializer());
    EncodedExample example =
        EncodedExample.newBuilder()
            .setTask("greet")
            .setExampleId("a/b")
            .setInput("hi")
            .setOutput("hello")
            .setSource("import")
            .setLabeler("")
            .setCreatedAt(START)
            .setEncodedBy("e")
            .setVector(InternalSerde.bytes(new float[] {1, 0}))
            .build();

    encoded.pipeInput(
        "greet/a/b", InternalSerde.encodedExample().serializer().serialize("", example));
    encoded.pipeInput("greet/bad", new byte[] {1, 2, 3});
    assertThat(memory.task("greet").examples()).hasSize(1);

    encoded.pipeInput("greet/a/b", (byte[]) null);
    assertThat(memory.task("greet").size()).isZero();
  }

  private void stopAndStartWithFreshCaches() {
    driver.close();
    codecs.close();
    try {
      FakeRegistry same = registry;
      Map<Integer, String> schemas = Map.copyOf(same.schemas);
      start();
      registry.schemas.putAll(schemas);
      same.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private <V> TestOutputTopic<String, V> output(
      String topic, org.apache.kafka.common.serialization.Deserializer<V> values) {
    return driver.createOutputTopic(topic, new StringDeserializer(), values);
  }

  private List<String> resultIds() {
    return results.readValuesToList().stream().map(Result::getQueryId).toList();
  }

  private void defineTask(String name, String more) {
    tasks.pipeInput(name, "task: %s\ninstruction: Greet.\n%s\n".formatted(name, more));
  }

  private void send(String key, String id, String task, String text) {
    queries.pipeInput(key, bytes(id, task, text));
    tick(Duration.ofMillis(20));
  }

  private void tick(Duration time) {
    for (long left = time.toMillis(); left > 0; left -= 20) {
      driver.advanceWallClockTime(Duration.ofMillis(20));
    }
  }

  private byte[] bytes(String id, String task, String text) {
    return encode(query(id, task, text));
  }

  private byte[] encode(Query query) {
    return codecs.codec(Query.class).encode(TOPICS.queries().name(), query);
  }

  private static Query query(String id, String task, String text) {
    return Query.newBuilder().setQueryId(id).setTask(task).setText(text).build();
  }

  private static String header(TestRecord<String, ?> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
  }

  private static Function<List<Message>, List<Answer>> accepting() {
    return batch -> batch.stream().map(m -> answer(m.text() + "!", 0.99, true, false)).toList();
  }

  private static Answer answer(String output, double confidence, boolean accepted, boolean novel) {
    return answer(output, confidence, accepted, novel, null);
  }

  private static Answer answer(
      String output, double confidence, boolean accepted, boolean novel, String prompt) {
    return new Answer(
        output,
        confidence,
        List.of(new Answer.Option(output, confidence)),
        Rung.NEIGHBOURS,
        List.of("e1"),
        "test",
        0,
        false,
        accepted,
        novel,
        prompt == null ? null : () -> prompt);
  }
}
