package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The ladder on the real encoders; the language model is one whose opinion is known. */
class LadderIT {

  private static final String OPEN = "task: t\ninstruction: Name the intent.\nlanguage: en\n";
  private static final String CLOSED =
      OPEN
          + """
          labels:
            refund: The customer wants money back.
            order_status: The customer asks where an order is.
          """;
  private static final Set<Rung> BOTH = Set.of(Rung.NEIGHBOURS, Rung.FEW_SHOT);

  private static Encoders encoders;

  private final ExampleMemory memory = new ExampleMemory();
  private final ScriptedModel model = new ScriptedModel();
  private Ladder ladder;

  @BeforeAll
  static void load() {
    encoders = new Encoders();
  }

  @AfterAll
  static void unload() {
    encoders.close();
  }

  @BeforeEach
  void open() {
    ladder = ladder(BOTH, name -> model);
  }

  @AfterEach
  void close() {
    ladder.close();
    memory.close();
  }

  private Ladder ladder(Set<Rung> rungs, ModelSource models) {
    return new Ladder(encoders, memory, models, LadderSettings.DEFAULTS.withRunnable(rungs));
  }

  private static TaskDefinition task(String yaml) {
    return new TaskYaml().parse(yaml);
  }

  private void remember(String id, String input, String output) {
    Embedding embedding = encoders.encode(task(OPEN).language(), List.of(input)).get(0);
    memory.put(
        new StoredExample(
            "t", id, input, output, Instant.EPOCH, embedding.encoder(), embedding.vector()));
  }

  private Answer ask(String yaml, String text) {
    return ladder.answer(List.of(new Message(task(yaml), text))).get(0);
  }

  @Test
  void declaredLabelsAnswerBeforeThereIsAnyExample() {
    // When
    Answer answer = ask(CLOSED, "I would like my money back");

    // Then
    assertThat(answer.output()).isEqualTo("refund");
    assertThat(answer.rung()).isEqualTo(Rung.FEW_SHOT);
    assertThat(answer.promptTokens()).isPositive();
    assertThat(answer.modelVersion()).isEqualTo("bge-small-en-v1.5+scripted");
    assertThat(answer.exampleIds()).isEmpty();
    assertThat(answer.candidates()).hasSize(2);
    assertThat(answer.candidates().stream().mapToDouble(Answer.Option::probability).sum())
        .isLessThanOrEqualTo(1);
    assertThat(answer.confidence()).isEqualTo(answer.candidates().get(0).probability());
  }

  @Test
  void nothingIsAcceptedBeforeTheFirstCalibrationWhereThereAreExamplesForOne() {
    // Given enough examples of two labels.
    ladder.close();
    ladder = ladder(Set.of(Rung.NEIGHBOURS), name -> model);
    String easy = OPEN + "promise: {confidence: 0.3}\n";
    for (int i = 0; i < 6; i++) {
      remember("o" + i, "Where is my parcel, number " + i + "?", "order_status");
      remember("p" + i, "Is paying by card number " + i + " possible?", "payment");
    }

    // When
    Answer first = ask(easy, "Where is my parcel, number 3?");

    // Then it is the best guess, and people look at it.
    assertThat(first.output()).isEqualTo("order_status");
    assertThat(first.confidence()).isGreaterThan(0.3);
    assertThat(first.accepted()).isFalse();
    await().atMost(Duration.ofSeconds(20)).until(() -> ladder.isCalibrated(task(easy)));
    assertThat(ask(easy, "Where is my parcel, number 3?").accepted()).isTrue();
  }

  @Test
  void withTooFewExamplesForACalibrationTheDefaultsServe() {
    ladder.close();
    ladder = ladder(Set.of(Rung.NEIGHBOURS), name -> model);
    String easy = OPEN + "promise: {confidence: 0.3}\n";
    remember("1", "Where is my parcel?", "order_status");
    remember("2", "Is paying by card possible?", "payment");

    assertThat(ask(easy, "Where is my parcel?").accepted()).isTrue();
    assertThat(ladder.isCalibrated(task(easy))).isTrue();
  }

  @Test
  void withoutLabelsAndExamplesNothingIsKnown() {
    // When
    Answer answer = ask(OPEN, "I would like my money back");

    // Then
    assertThat(answer.output()).isNull();
    assertThat(answer.novel()).isTrue();
    assertThat(answer.accepted()).isFalse();
    assertThat(answer.confidence()).isZero();
  }

  @Test
  void anExampleCountsWithTheNextMessage() {
    // Given
    remember("1", "Where is my parcel?", "order_status");
    assertThat(ask(OPEN, "Can I pay by card?").output()).isEqualTo("order_status");

    // When
    remember("2", "Is paying by card possible?", "payment");

    // Then
    Answer answer = ask(OPEN, "Can I pay by card?");
    assertThat(answer.output()).isEqualTo("payment");
    assertThat(answer.exampleIds()).startsWith("2");
  }

  @Test
  void whatWasTakenBackCountsNoMore() {
    // Given
    remember("1", "Where is my parcel?", "order_status");
    remember("2", "Is paying by card possible?", "payment");

    // When
    memory.remove("t", "2");

    // Then
    assertThat(ask(OPEN, "Can I pay by card?").candidates())
        .extracting(Answer.Option::output)
        .containsExactly("order_status");
  }

  @Test
  void onlyDeclaredLabelsAreAnswered() {
    // Given
    remember("1", "I would like my money back", "complaint");

    // When
    Answer answer = ask(CLOSED, "I would like my money back");

    // Then
    assertThat(answer.output()).isEqualTo("refund");
    assertThat(answer.candidates()).extracting(Answer.Option::output).doesNotContain("complaint");
    assertThat(answer.exampleIds()).isEmpty();
  }

  @Test
  void aMessageLikeItsExamplesNeedsNoLanguageModel() {
    // Given
    rememberBoth();

    // When
    Answer answer = ask(CLOSED + "promise: {accuracy: 0.7}\n", "Please give me my money back!");

    // Then
    assertThat(answer.output()).isEqualTo("refund");
    assertThat(answer.rung()).isEqualTo(Rung.NEIGHBOURS);
    assertThat(answer.accepted()).isTrue();
    assertThat(answer.promptTokens()).isZero();
    assertThat(model.prompts()).isZero();
  }

  @Test
  void underCautionNothingIsAccepted() {
    // Given
    rememberBoth();

    // When
    Answer answer =
        ask(CLOSED + "promise: {accuracy: 0.5}\nstart: cautious\n", "Give me my money back!");

    // Then
    assertThat(answer.confidence()).isGreaterThan(0.5);
    assertThat(answer.accepted()).isFalse();
  }

  @Test
  void theLanguageModelsEvidenceMovesTheAnswer() {
    // Given: nothing but names, and a message that says little
    model.prefers("order status");
    double neutral = probability(ask(CLOSED + "rungs: [neighbours]\n", "Hello?"), "order_status");

    // When
    Answer answer = ask(CLOSED, "Hello?");

    // Then
    assertThat(answer.rung()).isEqualTo(Rung.FEW_SHOT);
    assertThat(probability(answer, "order_status")).isGreaterThan(neutral);
  }

  @Test
  void aRungThatTheProcessCannotRunIsPassedOver() {
    // Given
    ladder.close();
    ladder = ladder(Set.of(Rung.NEIGHBOURS), LadderIT::stillLoading);

    // When
    Answer answer = ask(CLOSED + "rungs: [neighbours, head, few-shot, fine-tuned]\n", "Hello?");

    // Then
    assertThat(answer.rung()).isEqualTo(Rung.NEIGHBOURS);
    assertThat(answer.modelVersion()).isEqualTo("bge-small-en-v1.5");
  }

  @Test
  void messagesWaitForAModelThatIsNotThere() {
    // Given
    ladder.close();
    ladder = ladder(BOTH, LadderIT::stillLoading);

    // When, Then
    assertThatThrownBy(() -> ask(CLOSED, "Hello?"))
        .isInstanceOf(Answerer.NotReadyException.class)
        .hasMessage("loading smollm2-135m-instruct");
  }

  @Test
  void aBatchOfTasksAndLanguagesIsAnsweredInOrder() {
    // Given
    TaskDefinition closed = task(CLOSED);
    TaskDefinition chinese =
        task(
            """
            task: zh
            instruction: 判断情感。
            labels: {positive: 顾客满意。, negative: 顾客不满意。}
            """);

    // When
    List<Answer> answers =
        ladder.answer(
            List.of(
                new Message(chinese, "非常满意，质量很好"),
                new Message(closed, "I want a refund"),
                new Message(chinese, "太差了，很不满意")));

    // Then
    assertThat(answers)
        .extracting(Answer::output)
        .containsExactly("positive", "refund", "negative");
    assertThat(answers.get(0).modelVersion()).startsWith("bge-small-zh-v1.5");
  }

  @Test
  void somethingElseIsNovelOnceTheTaskIsKnown() {
    // Given
    String[] things = {"shoes", "coat", "lamp", "chair", "book", "phone", "bag", "desk"};
    String[] refunds = {
      "I want my money back for the %s",
      "Please refund the %s",
      "Refund me for the %s I returned",
      "How do I get a refund for my %s?"
    };
    String[] orders = {
      "Where is the %s that I ordered?",
      "When does my %s arrive?",
      "My %s has not been delivered yet",
      "Track the order of my %s"
    };
    IntStream.range(0, 32)
        .forEach(
            i -> {
              remember("r" + i, refunds[i % 4].formatted(things[i / 4]), "refund");
              remember("o" + i, orders[i % 4].formatted(things[i / 4]), "order_status");
            });
    ladder.calibrate(task(CLOSED));

    // When
    Answer known = ask(CLOSED, "Please refund the table");
    Answer novel = ask(CLOSED, "The eigenvalues of a symmetric matrix are real numbers");

    // Then
    assertThat(known.novel()).isFalse();
    assertThat(known.accepted()).isTrue();
    assertThat(novel.novel()).isTrue();
    assertThat(novel.accepted()).isFalse();
  }

  @Test
  void writtenJsonIsCheckedAndNeverTrustedMuch() {
    // Given
    String yaml = "task: t\nkind: extract\ninstruction: As JSON.\nlanguage: en\n";
    remember("1", "Two lamps", "{\"item\": \"lamp\"}");

    // When
    model.writes("```json\n{\"item\": \"shoe\"}\n```");
    Answer good = ask(yaml, "One shoe");
    model.writes("The item is a shoe.");
    Answer bad = ask(yaml, "One shoe");

    // Then
    assertThat(good.output()).isEqualTo("{\"item\":\"shoe\"}");
    assertThat(good.confidence()).isBetween(0.1, 0.5);
    assertThat(good.exampleIds()).containsExactly("1");
    assertThat(good.accepted()).isFalse();
    assertThat(bad.output()).isEqualTo("The item is a shoe.");
    assertThat(bad.confidence()).isZero();
  }

  private void rememberBoth() {
    remember("1", "Give me my money back", "refund");
    remember("2", "I want my money back please", "refund");
    remember("3", "Where is my order?", "order_status");
    remember("4", "When will my order arrive?", "order_status");
  }

  private static double probability(Answer answer, String output) {
    return answer.candidates().stream()
        .filter(option -> option.output().equals(output))
        .mapToDouble(Answer.Option::probability)
        .findFirst()
        .orElseThrow();
  }

  private static io.fewshot.model.LanguageModel stillLoading(String name) {
    throw new Answerer.NotReadyException("loading " + name);
  }
}
