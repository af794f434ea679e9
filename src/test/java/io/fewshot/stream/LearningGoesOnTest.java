package io.fewshot.stream;

import static io.fewshot.stream.LearningWorld.START;
import static io.fewshot.stream.LearningWorld.TOPICS;
import static io.fewshot.stream.LearningWorld.correction;
import static io.fewshot.stream.LearningWorld.header;
import static io.fewshot.stream.LearningWorld.utf8;
import static io.fewshot.stream.LearningWorld.withSchema;
import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.ladder.AuditBook;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.model.ModelException;
import io.fewshot.ops.Health;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a record or the system is like, learning goes on for all others. */
class LearningGoesOnTest {

  private static final RecordLimits LIMITS = RecordLimits.of(2_000, 1 << 20);

  @TempDir Path state;

  private final OddEncoder encoder = new OddEncoder();
  private LearningWorld world;

  private LearningWorld start(LearningParts parts) throws Exception {
    world = new LearningWorld(state, parts, LIMITS);
    world.define("t", "");
    world.validTasks.readValuesToList();
    return world;
  }

  private LearningWorld start() throws Exception {
    return start(LearningWorld.parts(encoder));
  }

  @AfterEach
  void stop() {
    world.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1_700_000_000L, 1_700_000_000_000_000L, Long.MAX_VALUE})
  void anyTimestampIsTakenAndWhatIsWrittenHasThePresentTime(long timestamp) throws Exception {
    // Given
    start();
    byte[] task = world.definition("other", "");

    // When
    world.tasks.pipeInput(utf8("other"), task, timestamp);
    world.examplesIn.pipeInput(utf8("t/1"), world.example("t", "1", "hi"), timestamp);
    world.examplesIn.pipeInput(utf8("t/2"), null, timestamp);
    world.corrections.pipeInput(
        utf8("q1"),
        world.bytes(correction("q1", "a").setTask("t").setText("hello").build()),
        timestamp);
    world.tick();

    // Then
    long now = START.toEpochMilli();
    var carriers = world.output(TOPICS.correctionsByQuery().name(), (topic, bytes) -> bytes);
    var dataset = world.output(TOPICS.sftDataset().name(), (topic, bytes) -> bytes);
    assertThat(
            Stream.of(
                    world.validTasks.readRecordsToList().stream(),
                    world.encoded.readRecordsToList().stream(),
                    world.examples.readRecordsToList().stream(),
                    world.results.readRecordsToList().stream(),
                    dataset.readRecordsToList().stream(),
                    carriers.readRecordsToList().stream())
                .flatMap(records -> records.map(TestRecord::timestamp)))
        .hasSize(10)
        .allSatisfy(time -> assertThat(time).isBetween(now, now + 20));
    assertThat(world.reasons()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 1_700_000_000L, 1_700_000_000_000_000L, 1_700_000_000_000_000_000L})
  void aNonsenseCreatedAtGivesWayToTheRecordsTime(long createdAt) throws Exception {
    // Given
    start();
    Instant recorded = START.minusSeconds(60);
    Instant nonsense = Instant.ofEpochMilli(createdAt);

    // When
    for (int i = 0; i < 2; i++) {
      world.corrections.pipeInput(
          utf8("q1"),
          world.bytes(
              correction("q1", "a").setTask("t").setText("x").setCreatedAt(nonsense).build()),
          recorded.plusSeconds(i));
    }
    Example imported =
        Example.newBuilder()
            .setTask("t")
            .setExampleId("1")
            .setInput("y")
            .setOutput("a")
            .setSource("")
            .setLabeler("")
            .setCreatedAt(nonsense)
            .build();
    world.examplesIn.pipeInput(utf8("t/1"), world.bytes(imported), recorded);
    world.tick();

    // Then the second is a repetition, for all that its record has another time
    assertThat(world.results.readValuesToList()).hasSize(1);
    assertThat(world.examples.readValue().getCreatedAt()).isEqualTo(recorded);
    assertThat(world.encoded.readValuesToList())
        .hasSize(2)
        .allSatisfy(example -> assertThat(example.getCreatedAt()).isEqualTo(recorded));
  }

  @Test
  void whatIsTooLargeIsRefusedAndTheOthersPass() throws Exception {
    // Given
    start();
    String large = "x".repeat(2_001);
    String id = "i".repeat(RecordLimits.MAX_ID + 1);

    // When
    world.teach("t", "1", large);
    world.teach("t", id + id, "hi");
    world.teach("t", "3", "hi");
    world.corrections.pipeInput(
        utf8("q1"), world.bytes(correction("q1", "a").setTask("t").setText(large).build()));
    world.corrections.pipeInput(utf8("q2"), world.bytes(correction("q2", large).build()));
    world.corrections.pipeInput(utf8("q3"), world.bytes(correction(id, "a").build()));
    world.corrections.pipeInput(utf8("q4"), new byte[LIMITS.record() + 1]);
    world.corrections.pipeInput(new byte[LIMITS.key() + 1], (byte[]) null);
    world.saw("q5", "t", "hello");
    world.correct("q5", "a");
    world.tasks.pipeInput(utf8("t"), new byte[LIMITS.record() + 1]);
    world.define("t", "labels: {a: A.}");
    world.tick();

    // Then
    List<TestRecord<byte[], byte[]>> letters = world.deadLetters.readRecordsToList();
    assertThat(letters)
        .hasSize(8)
        .allSatisfy(
            letter -> {
              assertThat(header(letter, DeadLetters.REASON)).isEqualTo("TOO_LARGE");
              assertThat(letter.value()).isNull();
              assertThat(Integer.parseInt(header(letter, DeadLetters.SIZE))).isPositive();
            });
    assertThat(world.encodedKeys()).containsExactlyInAnyOrder("t/3", "t/query:q5");
    assertThat(world.results.readValuesToList()).hasSize(1);
    assertThat(world.validTasks.readKeyValuesToList())
        .extracting(entry -> entry.key)
        .containsExactly("refused/t", "t");
  }

  @Test
  void internalRecordsThatCannotBeReadArePassedOver() throws Exception {
    // Given
    start();
    var carriers = world.input(TOPICS.correctionsByQuery().name());
    var valid = world.input(TOPICS.validTasks().name());
    byte[] bomb = new BufferedRecord(raw("c", 1, utf8("v")), 1).toBytes();
    ByteBuffer.wrap(bomb).putInt(29, Integer.MAX_VALUE);

    // When
    carriers.pipeInput(utf8("q1"), new byte[] {9, 9});
    carriers.pipeInput(utf8("q1"), new byte[0]);
    carriers.pipeInput(utf8("q1"), bomb);
    carriers.pipeInput(null, bomb);
    carriers.pipeInput((byte[]) null, (byte[]) null);
    carriers.pipeInput(utf8("q9"), (byte[]) null);
    world.seen.pipeInput(utf8("q1"), new byte[] {1, 2, 3});
    world.seen.pipeInput(utf8("q1"), seenWithALengthOfGigabytes());
    world.seen.pipeInput(null, new byte[] {1});
    valid.pipeInput(utf8("t2"), utf8("]["));
    valid.pipeInput(utf8("refused/t"), utf8("no number"));

    // Then all else goes on
    world.saw("q1", "t", "hello");
    world.correct("q1", "a");
    assertThat(world.results.readValuesToList()).hasSize(1);
    assertThat(world.unreadable("corrections-by-query")).isEqualTo(5);
    assertThat(world.unreadable("seen")).isEqualTo(3);
    assertThat(world.unreadable("valid-tasks")).isEqualTo(2);
    assertThat(world.reasons()).isEmpty();
  }

  private static byte[] seenWithALengthOfGigabytes() {
    SeenMessage message =
        SeenMessage.newBuilder()
            .setQueryId("q")
            .setTask("t")
            .setText("x")
            .setTimestamp(START)
            .build();
    byte[] bytes = InternalSerde.seenMessage().serializer().serialize("", message);
    // The length of query_id, after the header of ten bytes: 2 GB less a little.
    byte[] bomb = Arrays.copyOf(bytes, bytes.length + 8);
    byte[] length = {(byte) 0xF0, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F};
    System.arraycopy(length, 0, bomb, 10, length.length);
    return bomb;
  }

  private static RawRecord raw(String topic, long offset, byte[] value) {
    return new RawRecord(topic, 0, offset, 1, null, value, new RecordHeaders());
  }

  @Test
  void anAuditThatCannotBeReadIsPassedOver() throws Exception {
    start();
    AuditBook audits = new AuditBook();
    HoldAudits hold = new HoldAudits(audits, new StreamMeters(world.meters));

    hold.process(new Record<>("t/q1", new byte[] {1, 2}, 1));
    hold.process(new Record<>(null, null, 1));
    hold.process(new Record<>("t/q2", null, 1));

    assertThat(world.unreadable("audits")).isEqualTo(2);
  }

  @Test
  void whatWaitsForItsSchemaHoldsUpItsOwnKeyOnly() throws Exception {
    // Given a registry that goes away, and records with a schema that is not known yet
    start();
    world.teach("t", "0", "before");
    world.saw("q1", "t", "one");
    world.saw("q2", "t", "two");
    world.correct("q1", "first");
    world.tick();
    world.encoded.readValuesToList();
    world.results.readValuesToList();
    byte[] example = world.example("t", "1", "waits");
    byte[] correction = world.bytes(correction("q1", "second").build());
    byte[] task = world.definition("u", "");
    world.registry.faults.set(Integer.MAX_VALUE);

    // When
    world.examplesIn.pipeInput(utf8("t/1"), withSchema(example, 98));
    world.examplesIn.pipeInput(utf8("t/1"), (byte[]) null);
    world.teach("t", "2", "passes");
    world.examplesIn.pipeInput(null, world.example("t", "3", "has no key"));
    world.corrections.pipeInput(utf8("q1"), withSchema(correction, 99));
    world.correct("q1", "third");
    world.correct("q2", "other");
    world.tasks.pipeInput(utf8("u"), withSchema(task, 97));
    world.define("v", "");
    world.pass(Duration.ofSeconds(1));

    // Then
    assertThat(world.encodedKeys()).containsExactlyInAnyOrder("t/2", "t/query:q2");
    assertThat(world.results.readValuesToList())
        .extracting(result -> result.getOutput())
        .containsExactly("other");
    assertThat(world.validTasks.readKeyValuesToList())
        .extracting(entry -> entry.key)
        .containsExactly("v");

    // When it is back
    world.registry.schemas.put(97, TaskDefinition.getClassSchema().toString());
    world.registry.schemas.put(98, Example.getClassSchema().toString());
    world.registry.schemas.put(99, Correction.getClassSchema().toString());
    world.registry.faults.set(0);
    world.pass(Duration.ofSeconds(1));
    world.pass(Duration.ofSeconds(1));

    // Then
    assertThat(world.encodedKeys())
        .containsSubsequence("t/1", "t/1 removed")
        .contains("t/query:q1");
    assertThat(world.results.readValuesToList())
        .extracting(result -> result.getOutput())
        .containsExactly("second", "third");
    assertThat(world.validTasks.readKeyValuesToList())
        .extracting(entry -> entry.key)
        .containsExactly("u");
    assertThat(world.reasons()).containsExactly("WRONG_KEY");
  }

  @Test
  void aGoodCorrectionPassesThousandsOfUnknownMessages() throws Exception {
    // Given
    start();
    world.saw("good", "t", "hello");
    for (int i = 0; i < 3_000; i++) {
      world.correct("unknown " + i, "a");
    }

    // When
    world.correct("good", "a");

    // Then it did not even wait for a tick
    assertThat(world.results.readValuesToList()).hasSize(1);
    assertThat(world.reasons()).isEmpty();

    // And the others are given up a few hundred at a time, when theirs is up
    world.pass(Duration.ofSeconds(61));
    assertThat(world.reasons()).hasSizeBetween(100, 1_000).containsOnly("UNKNOWN_QUERY");
    for (int i = 0; i < 10; i++) {
      world.pass(Duration.ofMillis(100));
    }
    assertThat(world.parts.corrections().used()).as("nothing is left").isZero();
  }

  @Test
  void whenTheRoomIsSpentTheOldestUnknownMessageIsGivenUp() throws Exception {
    // Given
    start(LearningWorld.parts(encoder, new BufferBudget(100_000)));

    // When
    for (int i = 0; i < 300; i++) {
      world.correct("unknown " + i, "a");
    }

    // Then
    List<TestRecord<byte[], byte[]>> letters = world.deadLetters.readRecordsToList();
    assertThat(letters.size()).isBetween(100, 299);
    assertThat(letters)
        .allSatisfy(
            letter -> assertThat(header(letter, DeadLetters.REASON)).isEqualTo("UNKNOWN_QUERY"));
    assertThat(letters.get(0).key()).isEqualTo(utf8("unknown 0"));
    assertThat(world.parts.faults().status()).as("not slowed down").isEqualTo(Health.Status.READY);
    world.saw("unknown 299", "t", "hello");
    assertThat(world.results.readValuesToList()).hasSize(1);
  }

  @Test
  void tasksTakeTurnsWithTheirImports() throws Exception {
    // Given an import of one task, and batches that are computed when the test says so
    Deque<Runnable> computing = new ArrayDeque<>();
    start(LearningParts.of(encoder, computing::add, new ExampleMemory(), new TaskCatalogue()));
    for (int i = 0; i < 500; i++) {
      world.teach("t", "e" + i, "text " + i);
    }
    world.tick();
    world.teach("u", "1", "of another task");

    // When two batches are computed
    for (int i = 0; i < 2; i++) {
      world.tick();
      computing.remove().run();
    }
    world.tick();

    // Then
    assertThat(world.encodedKeys()).contains("u/1").hasSizeLessThan(100);
  }

  static Stream<Supplier<Throwable>> faultsOfTheSystem() {
    return Stream.of(
        () -> new ModelException("the encoder cannot be loaded"),
        () -> new OutOfMemoryError("no memory"),
        () -> new NoClassDefFoundError("onnxruntime"),
        () -> new IllegalStateException("the encoders are closed"));
  }

  @ParameterizedTest
  @MethodSource("faultsOfTheSystem")
  void anEncoderThatCannotBeHadIsWaitedFor(Supplier<Throwable> fault) throws Exception {
    // Given
    start();
    encoder.fault = fault;
    world.teach("t", "1", "imported");
    world.saw("q1", "t", "corrected");
    world.correct("q1", "a");

    // When
    for (int i = 0; i < 100; i++) {
      world.pass(Duration.ofMillis(100));
    }

    // Then it is asked seldom and nothing is lost
    assertThat(world.encodedKeys()).isEmpty();
    assertThat(world.reasons()).isEmpty();
    assertThat(world.results.readValuesToList()).as("the result needs no vector").hasSize(1);
    assertThat(encoder.calls).isBetween(2, 30);
    assertThat(world.parts.faults().status().state()).isEqualTo(Health.State.FAILED);
    assertThat(world.parts.faults().status().reason()).contains(fault.get().getMessage());

    // When it is there
    encoder.fault = null;
    for (int i = 0; i < 16; i++) {
      world.pass(Duration.ofSeconds(1));
    }

    // Then
    assertThat(world.encodedKeys()).containsExactlyInAnyOrder("t/1", "t/query:q1");
    assertThat(world.parts.faults().status()).isEqualTo(Health.Status.READY);
  }

  @Test
  void aTextThatCannotBeEncodedCostsOnlyItself() throws Exception {
    // Given
    start();

    // When
    IntStream.range(0, 10).forEach(i -> world.teach("t", "e" + i, i == 4 ? "poison" : "x" + i));
    world.saw("q1", "t", "poison");
    world.correct("q1", "a");
    world.tick();

    // Then
    assertThat(world.reasons()).containsExactlyInAnyOrder("INFERENCE_FAILED", "INFERENCE_FAILED");
    assertThat(world.encodedKeys()).hasSize(9).doesNotContain("t/e4", "t/query:q1");
    assertThat(world.parts.examples().used()).isZero();
  }

  @Test
  void anExampleUnderAnotherKeyIsRefusedRatherThanUsedAndNeverFoundAgain() throws Exception {
    start();

    world.examplesIn.pipeInput(LearningWorld.utf8("x"), world.example("t", "1", "hello"));
    world.teach("t", "2", "hello there");
    world.tick();

    assertThat(world.reasons()).containsExactly("WRONG_KEY");
    assertThat(world.encodedKeys()).containsExactly("t/2");
  }

  @Test
  void aTaskOfAModelThatDoesNotExistIsRefusedAndOldOnesStay() throws Exception {
    // Given
    start();

    // When
    world.define("a", "model: gpt-7");
    world.define("b", "model: /models/mine.gguf");
    world
        .input(TOPICS.validTasks().name())
        .pipeInput(utf8("old"), utf8("task: old\ninstruction: x\nmodel: gpt-1\n"));

    // Then
    TestRecord<byte[], byte[]> letter = world.deadLetters.readRecord();
    assertThat(header(letter, DeadLetters.REASON)).isEqualTo("INVALID_TASK");
    assertThat(header(letter, "__streams.errors.message"))
        .contains("gpt-7", "smollm2-135m-instruct", ".gguf");
    assertThat(world.parts.tasks().find("a")).isEmpty();
    assertThat(world.parts.tasks().find("b")).isPresent();
    assertThat(world.parts.tasks().find("old")).isPresent();
  }
}
