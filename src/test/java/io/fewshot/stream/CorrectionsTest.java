package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.Result;
import io.fewshot.event.Split;
import io.fewshot.event.Status;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.Topics;
import io.fewshot.event.TrainingExample;
import io.fewshot.event.internal.AuditOutcome;
import io.fewshot.event.internal.SeenHeader;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.prompt.Language;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each kind of correction comes to, from the public topics in to the public topics out. */
class CorrectionsTest {

  private static final Topics TOPICS = Topics.standard();
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant MADE = START.minusSeconds(5);

  @TempDir Path state;

  private FakeRegistry registry;
  private Codecs codecs;
  private SimpleMeterRegistry meters;
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> corrections;
  private TestInputTopic<String, byte[]> seen;
  private TestInputTopic<String, byte[]> examplesIn;
  private TestInputTopic<String, byte[]> tasks;
  private TestOutputTopic<String, Result> results;
  private TestOutputTopic<String, Example> examples;
  private TestOutputTopic<String, TrainingExample> dataset;
  private TestOutputTopic<String, byte[]> encoded;
  private TestOutputTopic<byte[], byte[]> deadLetters;

  @BeforeEach
  void start() throws Exception {
    registry = FakeRegistry.start();
    codecs =
        Codecs.of(Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "1"));
    startDriver();
    define("intent", "labels: {refund: Money back., card: A card.}");
    define("free", "");
  }

  private void startDriver() {
    meters = new SimpleMeterRegistry();
    Properties config = new Properties();
    config.put("state.dir", state.toString());
    config.put(
        StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, SaneTimestamps.class.getName());
    driver =
        new TopologyTestDriver(
            LearningTopology.build(
                TOPICS,
                codecs,
                LearningParts.of(
                    new LetterEncoder(), Runnable::run, new ExampleMemory(), new TaskCatalogue()),
                RecordLimits.standard(),
                StreamSettings.standard(),
                meters),
            config,
            START);
    StringSerializer text = new StringSerializer();
    ByteArraySerializer bytes = new ByteArraySerializer();
    corrections = driver.createInputTopic(TOPICS.corrections().name(), bytes, bytes);
    seen = driver.createInputTopic(TOPICS.seen().name(), text, bytes);
    examplesIn = driver.createInputTopic(TOPICS.examples().name(), text, bytes);
    tasks = driver.createInputTopic(TOPICS.tasks().name(), text, bytes);
    results = output(TOPICS.results().name(), codecs.serde(Result.class).deserializer());
    examples = output(TOPICS.examples().name(), codecs.serde(Example.class).deserializer());
    dataset =
        output(TOPICS.sftDataset().name(), codecs.serde(TrainingExample.class).deserializer());
    encoded = output(TOPICS.encodedExamples().name(), new ByteArrayDeserializer());
    deadLetters =
        driver.createOutputTopic(
            TOPICS.deadLetters().name(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  @AfterEach
  void stop() {
    driver.close();
    codecs.close();
    registry.close();
  }

  @Test
  void aCorrectionTeachesAndCorrectsTheResult() {
    saw("q1", "intent", "my money please");

    correct("q1", "refund", "ann");

    TestRecord<String, Result> corrected = results.readRecord();
    assertThat(corrected.key()).isEqualTo("key of q1");
    assertThat(corrected.headers().lastHeader("traceparent").value()).asString().isEqualTo("00-q1");
    Result result = corrected.value();
    assertThat(result.getQueryId()).isEqualTo("q1");
    assertThat(result.getTask()).isEqualTo("intent");
    assertThat(result.getStatus()).isEqualTo(Status.CORRECTED);
    assertThat(result.getOutput()).isEqualTo("refund");
    assertThat(result.getConfidence()).isEqualTo(1);
    assertThat(result.getRung()).isEqualTo("people");
    TestRecord<String, Example> example = examples.readRecord();
    assertThat(example.key()).isEqualTo("intent/query:q1");
    assertThat(example.value().getExampleId()).isEqualTo("query:q1");
    assertThat(example.value().getInput()).isEqualTo("my money please");
    assertThat(example.value().getOutput()).isEqualTo("refund");
    assertThat(example.value().getSource()).isEqualTo("correction");
    assertThat(example.value().getLabeler()).isEqualTo("ann");
    assertThat(example.value().getCreatedAt()).isEqualTo(MADE);
    tick();
    TestRecord<String, TrainingExample> record = dataset.readRecord();
    assertThat(record.key()).isEqualTo("intent/query:q1");
    assertThat(record.value().getInput()).isEqualTo("my money please");
    assertThat(record.value().getOutput()).isEqualTo("refund");
    assertThat(record.value().getLabeler()).isEqualTo("ann");
    assertThat(encoded.readRecord().key()).isEqualTo("intent/query:q1");
    nothingMore();
  }

  @Test
  void aCorrectionOfADrawnMessageIsAnAuditAndForgettingTakesItBack() {
    TestOutputTopic<String, AuditOutcome> audits =
        output(TOPICS.audits().name(), InternalSerde.auditOutcome().deserializer());
    saw("q1", "intent", "my money please");
    correct("q1", "refund", "ann");
    assertThat(audits.isEmpty()).as("it was not drawn").isTrue();

    SeenMessage drawn =
        SeenMessage.newBuilder()
            .setQueryId("q2")
            .setTask("intent")
            .setText("where is my card")
            .setAudit(0.02)
            .setOutput("refund")
            .setConfidence(0.97)
            .setTimestamp(START)
            .build();
    seen.pipeInput("q2", InternalSerde.seenMessage().serializer().serialize("", drawn));
    correct("q2", "card", "ann");

    TestRecord<String, AuditOutcome> outcome = audits.readRecord();
    assertThat(outcome.key()).isEqualTo("intent/q2");
    assertThat(outcome.value().getRight()).isFalse();
    assertThat(outcome.value().getConfidence()).isEqualTo(0.97);
    assertThat(outcome.value().getPropensity()).isEqualTo(0.02);

    corrections.pipeInput("q2".getBytes(StandardCharsets.UTF_8), (byte[]) null);
    assertThat(audits.readRecord().value()).isNull();
  }

  @Test
  void aCorrectionWithItsOwnTextNeedsNoMessage() {
    send("q1", correction("q1", "refund", "ann", MADE).setTask("intent").setText("money").build());

    assertThat(results.readRecord().key()).isEqualTo("q1");
    assertThat(examples.readValue().getInput()).isEqualTo("money");
    tick();
    nothingDead();
  }

  @Test
  void itsOwnTextCountsForAMessageThatWasSeen() {
    saw("q1", "intent", "my mony plse");

    send("q1", correction("q1", "refund", "ann", MADE).setText("my money please").build());

    assertThat(results.readRecord().key()).isEqualTo("key of q1");
    assertThat(examples.readValue().getInput()).isEqualTo("my money please");
  }

  @Test
  void anEarlyCorrectionWaitsForItsMessage() {
    correct("q1", "refund", "ann");
    pass(Duration.ofSeconds(50));
    assertThat(results.isEmpty()).isTrue();

    saw("q1", "intent", "my money please");

    assertThat(results.readValue().getOutput()).isEqualTo("refund");
    pass(Duration.ofSeconds(30));
    nothingDead();
  }

  @Test
  void anUnknownMessageBecomesADeadLetterAfterAMinute() {
    byte[] value = encode(correction("q1", "refund", "ann", MADE).build());
    RecordHeaders headers = new RecordHeaders();
    headers.add("mine", new byte[] {7});
    corrections.pipeInput(new TestRecord<>(new byte[] {9}, value, headers, START));

    pass(Duration.ofSeconds(59));
    nothingDead();
    pass(Duration.ofSeconds(2));

    TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
    assertThat(header(letter, "fewshot.reason")).isEqualTo("UNKNOWN_QUERY");
    assertThat(header(letter, "__streams.errors.topic")).isEqualTo(TOPICS.corrections().name());
    assertThat(letter.key()).containsExactly(9);
    assertThat(letter.value()).isEqualTo(value);
    assertThat(letter.headers().lastHeader("mine").value()).containsExactly(7);
    assertThat(examples.isEmpty()).isTrue();
    assertThat(results.isEmpty()).isTrue();
  }

  @Test
  void whatWasSeenIsRememberedForSevenDays() {
    saw("q1", "intent", "my money please");
    saw("q2", "intent", "where is my card");
    pass(Duration.ofDays(6));
    correct("q1", "refund", "ann");
    assertThat(results.readValue().getQueryId()).isEqualTo("q1");

    pass(Duration.ofDays(2));
    correct("q2", "card", "ann");
    pass(Duration.ofSeconds(61));

    assertThat(reasons()).containsExactly("UNKNOWN_QUERY");
    assertThat(results.isEmpty()).isTrue();
  }

  @Test
  void aMessageOfAWrongClockDoesNotPushOutTheOthers() {
    saw("q1", "intent", "my money please");
    seen.pipeInput("q2", message("q2", "intent", "hi"), START.plus(Duration.ofDays(400)));

    correct("q1", "refund", "ann");

    assertThat(results.readValue().getQueryId()).isEqualTo("q1");
  }

  @Test
  void aLabelThatTheTaskDoesNotDeclareIsRefused() {
    saw("q1", "intent", "my money please");
    saw("q2", "free", "my money please");

    correct("q1", "refnd", "ann");
    correct("q2", "whatever", "ann");

    assertThat(reasons()).containsExactly("UNKNOWN_LABEL");
    assertThat(results.readValuesToList()).extracting(Result::getQueryId).containsExactly("q2");
  }

  @Test
  void emptyOutputsAndTextsAreRefused() {
    saw("q1", "free", "my money please");

    correct("q1", " ", "ann");
    send("q2", correction("q2", "a", "ann", MADE).setTask("free").setText(" ").build());

    assertThat(reasons()).containsExactly("EMPTY_TEXT", "EMPTY_TEXT");
    assertThat(results.isEmpty()).isTrue();
  }

  @Test
  void anUnknownTaskIsWaitedFor() {
    send("q1", correction("q1", "a", "ann", MADE).setTask("late").setText("one").build());
    send("q2", correction("q2", "a", "ann", MADE).setTask("never").setText("two").build());
    pass(Duration.ofSeconds(3));
    nothingDead();
    define("late", "");
    pass(Duration.ofSeconds(3));

    assertThat(results.readValuesToList()).extracting(Result::getQueryId).containsExactly("q1");
    assertThat(reasons()).containsExactly("UNKNOWN_TASK");
  }

  @Test
  void aCorrectionIsOfTheTaskThatItNames() {
    saw("q1", "free", "my money please");
    saw("q1", "intent", "my money please");

    send("q1", correction("q1", "polite", "ann", MADE).setTask("free").build());

    assertThat(results.readValue().getTask()).isEqualTo("free");
    assertThat(examples.readRecord().key()).isEqualTo("free/query:q1");
  }

  @Test
  void theVerySameCorrectionChangesNothing() {
    saw("q1", "intent", "my money please");
    correct("q1", "card", "ann", MADE);
    correct("q1", "refund", "bob", MADE.plusMillis(1));
    tick();
    drain();

    correct("q1", "card", "ann", MADE);
    correct("q1", "refund", "bob", MADE.plusMillis(1));
    pass(Duration.ofMinutes(2));

    nothingMore();
    assertThat(meters.counter("fewshot.corrections", "task", "", "outcome", "repeated").count())
        .isEqualTo(2);
  }

  @Test
  void aReplayAfterTheMessageIsForgottenByAgeChangesNothingEither() {
    saw("q1", "intent", "my money please");
    correct("q1", "refund", "ann", MADE);
    tick();
    drain();
    pass(Duration.ofDays(9));
    // Time passes only with what comes by.
    saw("q2", "intent", "another");

    correct("q1", "refund", "ann", MADE);
    pass(Duration.ofMinutes(2));

    nothingMore();
  }

  @Test
  void theLastCorrectionInTheTopicCountsWhateverItsTime() {
    saw("q1", "intent", "my money please");

    correct("q1", "refund", "ann", MADE);
    correct("q1", "card", "bob", MADE.minusSeconds(60));
    tick();

    assertThat(results.readValuesToList())
        .extracting(Result::getOutput)
        .containsExactly("refund", "card");
    assertThat(dataset.readKeyValuesToMap().get("intent/query:q1").getOutput()).isEqualTo("card");
    assertThat(examples.readKeyValuesToMap()).hasSize(1);
  }

  @Test
  void aConfirmationGivesAResultToo() {
    saw("q1", "intent", "my money please");

    correct("q1", "refund", "ann", MADE);
    correct("q1", "refund", "bob", MADE);

    assertThat(results.readValuesToList())
        .extracting(Result::getOutput)
        .containsExactly("refund", "refund");
  }

  @Test
  void correctionsOfOneMessageKeepTheirOrderThoughOnlyTheLaterBringsTheText() {
    correct("q1", "refund", "ann");
    send("q1", correction("q1", "card", "bob", MADE).setTask("intent").setText("hm").build());

    assertThat(results.readValuesToList())
        .extracting(Result::getOutput)
        .containsExactly("refund", "card");
  }

  @Test
  void contradictingCorrectionsOfAlikeMessagesAreBothKept() {
    saw("q1", "intent", "my money please");
    saw("q2", "intent", "my money please");

    correct("q1", "refund", "ann");
    correct("q2", "card", "bob");
    tick();

    assertThat(dataset.readKeyValuesToMap())
        .hasEntrySatisfying("intent/query:q1", r -> assertThat(r.getOutput()).isEqualTo("refund"))
        .hasEntrySatisfying("intent/query:q2", r -> assertThat(r.getOutput()).isEqualTo("card"));
  }

  @Test
  void forgettingTakesBackWhatWasTaughtAndWhatWasSeen() {
    saw("q1", "intent", "my money please");
    correct("q1", "refund", "ann", MADE);
    tick();
    drain();

    forget("q1");
    tick();

    assertThat(examples.readKeyValuesToMap()).containsEntry("intent/query:q1", null);
    assertThat(dataset.readKeyValuesToMap()).containsEntry("intent/query:q1", null);
    assertThat(encoded.readKeyValuesToMap()).containsEntry("intent/query:q1", null);
    // What is read again does not bring it back, and there is no message any more.
    correct("q1", "refund", "ann", MADE);
    seen.pipeInput("q1", message("q1", "intent", "my money please"), START);
    correct("q1", "card", "bob", MADE);
    pass(Duration.ofSeconds(61));
    assertThat(reasons()).containsExactly("UNKNOWN_QUERY");
    nothingMore();
  }

  @Test
  void afterForgettingAMessageCanBeTaughtAnewAndAReplayKeepsIt() {
    saw("q1", "intent", "my money please");
    correct("q1", "refund", "ann", MADE);
    forget("q1");
    Correction again =
        correction("q1", "card", "bob", MADE).setTask("intent").setText("new").build();
    send("q1", again);
    tick();
    drain();

    forget("q1");
    send("q1", again);
    tick();

    nothingMore();
  }

  @Test
  void whatIsUndoneIsTakenBackAndTheNextCorrectionStillHasTheQuerysKeyAndHeaders() {
    saw("q1", "intent", "my money please");
    correct("q1", "card", "ann", MADE);
    tick();
    drain();

    RecordHeaders undo = new RecordHeaders();
    undo.add(Topics.UNDO_HEADER, utf8("true"));
    corrections.pipeInput(new TestRecord<>(utf8("q1"), null, undo, START));
    tick();

    assertThat(examples.readKeyValuesToMap()).containsEntry("intent/query:q1", null);
    assertThat(dataset.readKeyValuesToMap()).containsEntry("intent/query:q1", null);

    // As the page writes it, with the text.
    send(
        "q1",
        correction("q1", "refund", "ann", MADE.plusSeconds(1))
            .setTask("intent")
            .setText("my money please")
            .build());
    TestRecord<String, Result> corrected = results.readRecord();
    assertThat(corrected.key()).isEqualTo("key of q1");
    assertThat(corrected.headers().lastHeader("traceparent").value()).asString().isEqualTo("00-q1");
    assertThat(examples.readKeyValuesToMap().get("intent/query:q1").getOutput())
        .isEqualTo("refund");
    nothingDead();

    // And what was undone stays so, though it is read again.
    correct("q1", "card", "ann", MADE);
    assertThat(results.isEmpty()).isTrue();
  }

  @Test
  void aRenamedLabelReplacesTheTrainingRecord() {
    saw("q1", "free", "my money please");
    correct("q1", "refunds", "ann");
    tick();
    Example taught = examples.readValue();
    Split split = dataset.readValue().getSplit();

    byte[] renamed =
        codecs
            .codec(Example.class)
            .encode(
                TOPICS.examples().name(), Example.newBuilder(taught).setOutput("refund").build());
    examplesIn.pipeInput("free/query:q1", renamed);
    tick();

    assertThat(dataset.readRecord())
        .satisfies(
            record -> {
              assertThat(record.key()).isEqualTo("free/query:q1");
              assertThat(record.value().getOutput()).isEqualTo("refund");
              assertThat(record.value().getSplit()).isEqualTo(split);
            });
  }

  @Test
  void forgettingDropsWhatWaits() {
    correct("q1", "refund", "ann");

    forget("q1");
    pass(Duration.ofSeconds(61));

    nothingMore();
    nothingDead();
  }

  @Test
  void aTombstoneOfAnExampleRemovesItFromTheDataSet() {
    examplesIn.pipeInput("intent/e1", example("e1", "hi there"));
    tick();
    assertThat(dataset.readKeyValue().value.getSplit()).isNotNull();

    examplesIn.pipeInput("intent/e1", (byte[]) null);
    tick();

    assertThat(dataset.readKeyValue()).satisfies(e -> assertThat(e.value).isNull());
    assertThat(encoded.readKeyValuesToMap()).containsEntry("intent/e1", null);
  }

  @Test
  void alikeTextsAreOnOneSideAndAnExampleKeepsItsSideForLife() {
    // Given texts that the encoder takes for the same, of which the first decides
    examplesIn.pipeInput("intent/e0", example("e0", "a zero"));
    Split side = SplitBook.ofHash("a zero");
    int other = 1;
    while (SplitBook.ofHash("a " + other) == side) {
      other++;
    }

    // When
    examplesIn.pipeInput("intent/e1", example("e1", "a " + other));
    tick();
    examplesIn.pipeInput("intent/e2", example("e2", "b " + other));
    tick();
    examplesIn.pipeInput("intent/e1", example("e1", "b text"));
    tick();

    // Then
    assertThat(dataset.readValuesToList())
        .extracting(TrainingExample::getSplit)
        .containsExactly(side, side, SplitBook.ofHash("b " + other), side);
  }

  @Test
  void importingAgainAddsNothingToTheDataSet() {
    examplesIn.pipeInput("intent/e1", example("e1", "hi there"));
    tick();
    examplesIn.pipeInput("intent/e1", example("e1", "hi there"));
    tick();

    assertThat(dataset.readValuesToList()).hasSize(1);
  }

  @Test
  void unreadableCorrectionsBecomeDeadLetters() {
    corrections.pipeInput(utf8("q1"), new byte[] {1, 2, 3});
    corrections.pipeInput(utf8("q1"), new byte[] {0, 0, 0, 99, 1, 5});
    corrections.pipeInput(null, (byte[]) null);

    assertThat(reasons()).containsExactly("UNDECODABLE", "UNKNOWN_SCHEMA", "UNDECODABLE");
  }

  @Test
  void correctionsWaitWhileTheRegistryIsAway() throws Exception {
    byte[] value = encode(correction("q1", "refund", "ann", MADE).build());
    byte[] intent = definition("intent", "");
    Map<Integer, String> schemas = Map.copyOf(registry.schemas);
    stop();
    registry = FakeRegistry.start();
    registry.schemas.putAll(schemas);
    codecs =
        Codecs.of(Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "1"));
    startDriver();
    registry.faults.set(Integer.MAX_VALUE);

    tasks.pipeInput("intent", intent);
    saw("q1", "intent", "my money please");
    corrections.pipeInput(utf8("q1"), value);
    pass(Duration.ofSeconds(3));
    assertThat(results.isEmpty()).isTrue();

    registry.faults.set(0);
    pass(Duration.ofSeconds(1));
    assertThat(results.readValue().getOutput()).isEqualTo("refund");
    tick();
    assertThat(dataset.readValue().getOutput()).isEqualTo("refund");
    nothingDead();
  }

  private void saw(String id, String task, String text) {
    seen.pipeInput(id, message(id, task, text));
  }

  private static byte[] message(String id, String task, String text) {
    return InternalSerde.seenMessage()
        .serializer()
        .serialize(
            "",
            SeenMessage.newBuilder()
                .setQueryId(id)
                .setTask(task)
                .setText(text)
                .setKey(ByteBuffer.wrap(utf8("key of " + id)))
                .setHeaders(
                    List.of(new SeenHeader("traceparent", ByteBuffer.wrap(utf8("00-" + id)))))
                .setTimestamp(START)
                .build());
  }

  private void correct(String id, String output, String labeler) {
    correct(id, output, labeler, MADE);
  }

  private void correct(String id, String output, String labeler, Instant made) {
    send(id, correction(id, output, labeler, made).build());
  }

  private static Correction.Builder correction(
      String id, String output, String labeler, Instant made) {
    return Correction.newBuilder()
        .setQueryId(id)
        .setOutput(output)
        .setLabeler(labeler)
        .setCreatedAt(made);
  }

  private void send(String key, Correction correction) {
    corrections.pipeInput(utf8(key), encode(correction), START);
  }

  private void forget(String id) {
    corrections.pipeInput(utf8(id), null, START);
  }

  private byte[] encode(Correction correction) {
    return codecs.codec(Correction.class).encode(TOPICS.corrections().name(), correction);
  }

  private void define(String name, String more) {
    tasks.pipeInput(name, definition(name, more));
  }

  private byte[] definition(String name, String more) {
    String yaml = "task: %s\ninstruction: Name it.\n%s\n".formatted(name, more);
    return codecs
        .codec(TaskDefinition.class)
        .encode(
            TOPICS.tasks().name(),
            TaskDefinition.newBuilder().setTask(name).setDefinition(yaml).build());
  }

  private byte[] example(String id, String input) {
    return codecs
        .codec(Example.class)
        .encode(
            TOPICS.examples().name(),
            Example.newBuilder()
                .setTask("intent")
                .setExampleId(id)
                .setInput(input)
                .setOutput("refund")
                .setSource("import")
                .setLabeler("")
                .build());
  }

  private void tick() {
    pass(Duration.ofMillis(20));
  }

  private void pass(Duration time) {
    driver.advanceWallClockTime(time);
  }

  private void drain() {
    results.readValuesToList();
    examples.readValuesToList();
    dataset.readValuesToList();
    encoded.readValuesToList();
  }

  private void nothingMore() {
    tick();
    assertThat(results.isEmpty()).as("no result").isTrue();
    assertThat(dataset.isEmpty()).as("no training record").isTrue();
    nothingDead();
  }

  private void nothingDead() {
    assertThat(reasons()).isEmpty();
  }

  private List<String> reasons() {
    return deadLetters.readRecordsToList().stream()
        .map(letter -> header(letter, "fewshot.reason"))
        .toList();
  }

  private static String header(TestRecord<?, ?> letter, String name) {
    return new String(letter.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private <V> TestOutputTopic<String, V> output(String topic, Deserializer<V> values) {
    return driver.createOutputTopic(topic, new StringDeserializer(), values);
  }

  /** Texts that begin with the same letter mean the same, others nothing alike. */
  private static final class LetterEncoder implements TextEncoder {

    @Override
    public List<Embedding> encode(Language language, List<String> texts) {
      return texts.stream().map(text -> new Embedding("letters", vector(text))).toList();
    }

    private static float[] vector(String text) {
      float[] vector = new float[26];
      vector[Character.toLowerCase(text.charAt(0)) - 'a'] = 1;
      return vector;
    }

    @Override
    public String name(Language language, String text) {
      return "letters";
    }
  }
}
