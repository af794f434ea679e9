package io.fewshot.stream;

import static io.fewshot.stream.AnsweringDriver.answer;
import static io.fewshot.stream.AnsweringDriver.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.ops.Health;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** No record, flood, missing model or fault of the system holds up the messages of others. */
class AnsweringUnderFaultsTest {

  private final List<Runnable> modelWork = new ArrayList<>();
  private AnsweringDriver driver;

  @BeforeEach
  void start() throws Exception {
    start(InferenceExecutor.DIRECT);
  }

  private void start(InferenceExecutor executor) throws Exception {
    driver = new AnsweringDriver(executor, RecordLimits.standard(), BufferBudget.ofHeap());
    driver.knowSchema();
    driver.defineTask("greet");
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1_700_000_000_000_000L})
  void aTimestampThatCannotBeOneIsReplacedByTheTimeOfArrival(long timestamp) {
    driver.sendAt("k", driver.encode("q1", "greet", "hello"), timestamp);
    driver.tick(Duration.ofMillis(40));

    List<Result> results = driver.results();
    assertThat(results).extracting(Result::getQueryId).containsExactly("q1");
    assertThat(results.get(0).getLatencyMs()).isBetween(0L, 1_000L);
  }

  @Test
  void aDeadLetterOfARecordWithoutATimestampIsWritten() {
    driver.sendAt("k", "garbage".getBytes(StandardCharsets.UTF_8), -1);

    assertThat(driver.reasons()).containsExactly("UNDECODABLE");
  }

  static Stream<Arguments> tooLarge() {
    byte[] megabytes = new byte[2_200_000];
    return Stream.of(
        Arguments.of("text", "k", "q", "greet", "x".repeat(4_190_000), null),
        Arguments.of("text just over", "k", "q", "greet", "x".repeat(65_537), null),
        Arguments.of("query_id", "k", "i".repeat(2_200_000), "greet", "hello", null),
        Arguments.of("query_id just over", "k", "i".repeat(2_000), "greet", "hello", null),
        Arguments.of("task", "k", "q", "t".repeat(1_000), "hello", null),
        Arguments.of("header", "k", "q", "greet", "hello", megabytes),
        Arguments.of("half a megabyte of header", "k", "q", "greet", "hello", new byte[530_000]),
        Arguments.of("key", "k".repeat(20_000), "q", "greet", "hello", null));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void tooLarge(String part, String key, String id, String task, String text, byte[] header) {
    RecordHeaders headers = new RecordHeaders();
    if (header != null) {
      headers.add("large", header);
    }

    driver.send(key, driver.encode(id, task, text), headers);
    driver.ask("k", "next", "greet", "hello");
    driver.tick(Duration.ofMillis(40));

    List<TestRecord<String, byte[]>> letters = driver.deadLetters();
    assertThat(letters).hasSize(1);
    TestRecord<String, byte[]> letter = letters.get(0);
    assertThat(header(letter, "fewshot.reason")).isEqualTo("TOO_LARGE");
    assertThat(letter.value()).isNull();
    assertThat(Long.parseLong(header(letter, "fewshot.size"))).isPositive();
    assertThat(header(letter, "__streams.errors.topic")).isEqualTo("fewshot.queries");
    assertThat(header(letter, "__streams.errors.offset")).isEqualTo("0");
    assertThat(RecordLimits.bytes(letter.headers())).isLessThan(16_000);
    assertThat(driver.resultIds()).containsExactly("next");
  }

  @Test
  void aQueryWithoutAnIdIsADeadLetterSinceNobodyCouldAnswerIt() {
    driver.ask("k", " ", "greet", "hello");

    assertThat(driver.reasons()).containsExactly("UNDECODABLE");
  }

  @Test
  void aFloodOfOneTaskDelaysAnotherByOneBatch() {
    driver.defineTask("other");
    for (int i = 0; i < 3_000; i++) {
      driver.ask("k" + i, "flood-" + i, "greet", "hello " + i);
    }
    int before = driver.batches.size();
    driver.ask("x", "good", "other", "good");
    driver.tick(Duration.ofMillis(40));

    int behind =
        driver.batches.stream()
            .skip(before)
            .takeWhile(batch -> !batch.contains("good"))
            .toList()
            .size();
    assertThat(behind).isLessThanOrEqualTo(1);
    driver.tick(Duration.ofSeconds(20));
    assertThat(driver.resultIds()).hasSize(3_001).doesNotHaveDuplicates();
  }

  @Test
  void unknownTasksCostTheOthersNothing() {
    for (int i = 0; i < 5_000; i++) {
      driver.ask("k" + i, "unknown-" + i, "unknown-" + i % 100, "hello");
    }
    driver.ask("x", "good", "greet", "good");
    driver.tick(Duration.ofMillis(40));
    assertThat(driver.resultIds()).containsExactly("good");
    assertThat(driver.deadLetters()).isEmpty();

    driver.defineTask("unknown-7");
    driver.tick(Duration.ofSeconds(6));

    assertThat(driver.resultIds()).hasSize(50);
    assertThat(driver.reasons()).hasSize(4_950).containsOnly("UNKNOWN_TASK");
  }

  @Test
  void whileTheRegistryIsAwayOnlyRecordsWithUnknownSchemasWait() {
    driver.registry.faults.set(Integer.MAX_VALUE);
    byte[] value = driver.encode("later", "greet", "waits");
    for (int i = 0; i < 400; i++) {
      byte[] unknown = value.clone();
      unknown[3] = (byte) (100 + i / 200);
      unknown[4] = (byte) i;
      driver.send("u" + i, unknown, new RecordHeaders());
      driver.ask("k" + i, "q" + i, "greet", "hello");
    }
    driver.tick(Duration.ofSeconds(2));
    assertThat(driver.resultIds()).hasSize(400);
    assertThat(driver.deadLetters()).isEmpty();

    driver.registry.faults.set(0);
    List<String> reasons = new ArrayList<>();
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              driver.tick(Duration.ofMillis(100));
              reasons.addAll(driver.reasons());
              assertThat(reasons).hasSize(400);
            });
    assertThat(reasons).containsOnly("UNKNOWN_SCHEMA");
  }

  @Test
  void aTaskWhoseModelCannotBeHadGetsWhatTheFastRungsSayAndHoldsUpNobody() {
    driver.defineTask("broken");
    driver.model =
        batch -> {
          if (batch.get(0).task().task().equals("broken")) {
            throw new NotReadyException("no such model");
          }
          return AnsweringDriver.accept(batch);
        };
    driver.fallbacks =
        message ->
            message.text().contains("known")
                ? Optional.of(answer("a guess", false))
                : Optional.empty();
    for (int i = 0; i < 1_000; i++) {
      driver.ask("b" + i, "broken-" + i, "broken", i % 2 == 0 ? "hard, known" : "hard, strange");
      driver.ask("g" + i, "good-" + i, "greet", i % 2 == 0 ? "easy" : "hard");
    }
    driver.tick(Duration.ofSeconds(3));
    assertThat(driver.resultIds()).hasSize(1_000).allMatch(id -> id.startsWith("good-"));
    assertThat(driver.deadLetters()).isEmpty();
    assertThat(driver.parts.outages().status().reason()).contains("broken", "no such model");

    driver.tick(Duration.ofSeconds(70));
    assertThat(driver.results())
        .hasSize(500)
        .allMatch(result -> result.getStatus() == Status.NEEDS_REVIEW);
    assertThat(driver.reasons()).hasSize(500).containsOnly("MODEL_UNAVAILABLE");

    driver.ask("b", "late", "broken", "hard, known");
    driver.tick(Duration.ofSeconds(1));
    assertThat(driver.resultIds()).as("the wait is over for all").containsExactly("late");

    driver.model = AnsweringDriver::accept;
    driver.ask("b", "fixed", "broken", "hard, strange");
    driver.tick(Duration.ofSeconds(1));
    assertThat(driver.resultIds()).containsExactly("fixed");
    assertThat(driver.parts.outages().status().reason()).isEmpty();
  }

  @Test
  void aModelThatIsStillLoadingIsWaitedForLonger() {
    driver.model =
        batch -> {
          throw new NotReadyException("loading", true);
        };
    driver.fallbacks = message -> Optional.of(answer("a guess", false));
    driver.ask("k", "q1", "greet", "hard");

    driver.tick(Duration.ofMinutes(5));
    assertThat(driver.results()).isEmpty();

    driver.model = AnsweringDriver::accept;
    driver.tick(Duration.ofSeconds(1));
    assertThat(driver.results()).extracting(Result::getStatus).containsExactly(Status.ACCEPTED);
  }

  @Test
  void whatTheModelIsAskedStaysInTheBufferUntilItIsAnswered() throws Exception {
    stop();
    start((task, work) -> modelWork.add(work));
    driver.ask("k", "q1", "greet", "hard");
    driver.tick(Duration.ofMillis(60));
    assertThat(modelWork).hasSize(1);

    assertThat(driver.driver.getKeyValueStore(AnsweringTopology.BUFFER).approximateNumEntries())
        .isEqualTo(1);

    modelWork.get(0).run();
    driver.tick(Duration.ofMillis(60));
    assertThat(driver.resultIds()).containsExactly("q1");
    assertThat(driver.driver.getKeyValueStore(AnsweringTopology.BUFFER).approximateNumEntries())
        .isZero();
  }

  @Test
  void onlyOneBatchOfATaskIsUnderWayAndOthersGoBesideIt() throws Exception {
    stop();
    start((task, work) -> modelWork.add(work));
    driver.defineTask("other");
    for (int i = 0; i < 40; i++) {
      driver.ask("k" + i, "q" + i, "greet", "hard");
    }
    driver.ask("x", "other", "other", "hard");
    driver.tick(Duration.ofSeconds(1));

    assertThat(modelWork).hasSize(2);
    modelWork.forEach(Runnable::run);
    driver.tick(Duration.ofMillis(40));
    assertThat(driver.resultIds()).contains("other").hasSizeLessThan(20);
  }

  @Test
  void aFaultOfTheSystemIsWaitedOutAndSaid() {
    driver.answers =
        batch -> {
          throw new IllegalStateException("the disk is full");
        };
    for (int i = 0; i < 20; i++) {
      driver.ask("k" + i, "q" + i, "greet", "hello");
    }
    driver.tick(Duration.ofMinutes(2));
    assertThat(driver.deadLetters()).isEmpty();
    assertThat(driver.results()).isEmpty();
    assertThat(driver.parts.faults().status().state()).isEqualTo(Health.State.FAILED);
    assertThat(driver.parts.faults().status().reason()).contains("greet", "the disk is full");

    driver.answers = AnsweringDriver::accept;
    driver.tick(Duration.ofSeconds(2));
    assertThat(driver.resultIds()).hasSize(20);
    assertThat(driver.parts.faults().status()).isEqualTo(Health.Status.READY);
  }

  @Test
  void memoryThatRunsOutInTheModelIsNoFaultOfTheMessages() {
    driver.model =
        batch -> {
          throw new OutOfMemoryError("no memory left");
        };
    driver.ask("k", "q1", "greet", "hard");
    driver.tick(Duration.ofSeconds(10));
    assertThat(driver.deadLetters()).isEmpty();

    driver.model = AnsweringDriver::accept;
    driver.tick(Duration.ofSeconds(1));
    assertThat(driver.resultIds()).containsExactly("q1");
  }

  @Test
  void aMessageThatTheModelCannotComputeCostsOnlyItself() {
    driver.model =
        batch -> {
          if (batch.stream().anyMatch(message -> message.text().contains("poison"))) {
            throw new IllegalStateException("cannot be computed");
          }
          return AnsweringDriver.accept(batch);
        };
    for (int i = 0; i < 8; i++) {
      driver.ask("k" + i, "q" + i, "greet", i == 5 ? "hard poison" : "hard");
    }
    driver.tick(Duration.ofSeconds(1));

    assertThat(driver.resultIds()).hasSize(7).doesNotContain("q5");
    assertThat(driver.reasons()).containsExactly("INFERENCE_FAILED");
  }

  @Test
  void anAnswerThatCannotBeWrittenIsADeadLetterAndStopsNothing() {
    driver.answers =
        batch ->
            batch.stream()
                .map(message -> message.text().equals("null") ? unwritable() : answer("fine", true))
                .toList();
    driver.hard = message -> false;
    driver.ask("a", "q1", "greet", "null");
    driver.ask("b", "q2", "greet", "hello");
    driver.tick(Duration.ofMillis(40));

    assertThat(driver.reasons()).containsExactly("INFERENCE_FAILED");
    assertThat(driver.resultIds()).containsExactly("q2");
  }

  /** Avro takes no candidate without an output. */
  private static Answer unwritable() {
    Answer fine = answer("fine", true);
    return new Answer(
        "fine",
        0.9,
        java.util.Arrays.asList(new Answer.Option("fine", 0.5), new Answer.Option(null, 0.5)),
        fine.rung(),
        List.of(),
        "test",
        0,
        false,
        true,
        false,
        null);
  }

  @Test
  void whenTheBuffersAreFullWhatCanBeAnsweredMakesRoom() throws Exception {
    stop();
    driver =
        new AnsweringDriver(
            InferenceExecutor.DIRECT, RecordLimits.standard(), new BufferBudget(50_000));
    driver.knowSchema();
    driver.defineTask("greet");
    for (int i = 0; i < 500; i++) {
      driver.ask("k" + i, "q" + i, "greet", "hello");
    }
    assertThat(driver.parts.budget().used()).isLessThan(60_000);
    driver.tick(Duration.ofSeconds(1));

    assertThat(driver.resultIds()).hasSize(500);
    assertThat(driver.parts.budget().used()).isZero();
  }

  @Test
  void aTaskThatIsRemovedLeavesItsMessagesWaitingForIt() {
    driver.model =
        batch -> {
          throw new NotReadyException("loading", true);
        };
    driver.ask("k", "q1", "greet", "hard");
    driver.tick(Duration.ofSeconds(1));
    driver.removeTask("greet");
    driver.tick(Duration.ofSeconds(7));

    assertThat(driver.reasons()).containsExactly("UNKNOWN_TASK");
    assertThat(driver.parts.budget().used()).isZero();
  }
}
