package io.fewshot.memory;

import static io.fewshot.memory.MemoryFixtures.TASK;
import static io.fewshot.memory.MemoryFixtures.example;
import static io.fewshot.memory.MemoryFixtures.query;
import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.prompt.Selection;
import io.fewshot.prompt.TaskDefinition.Examples;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SelectorTest {

  private final ExampleMemory memory = new ExampleMemory();
  private final TaskMemory task = memory.task(TASK);

  @AfterEach
  void close() {
    memory.close();
  }

  @Test
  void hybridPrefersWhatBothRankingsFind() {
    // Given: the vectors rank near before both, the words rank words before both
    memory.put(example("near", "nothing in common", "a", 1, 0.1f));
    memory.put(example("both", "stolen card abroad", "b", 1, 0.4f));
    memory.put(example("words", "stolen card", "c", 0, 1));
    memory.put(example("neither", "parcel", "d", 1, 1));
    memory.put(example("nothing", "refund", "e", 1, 2));

    // When
    List<String> chosen = select("my card is stolen", Selection.HYBRID, 3);

    // Then
    assertThat(chosen.get(0)).isEqualTo("both");
    assertThat(chosen).containsExactlyInAnyOrder("near", "both", "words");
  }

  @Test
  void embeddingAndWordsGoTheirOwnWays() {
    // Given
    memory.put(example("near", "nothing in common", "a", 1, 0.1f));
    memory.put(example("words", "stolen card", "b", 0, 1));

    // When
    List<String> byEmbedding = select("my card is stolen", Selection.EMBEDDING, 1);
    List<String> byWords = select("my card is stolen", Selection.BM25, 2);

    // Then
    assertThat(byEmbedding).containsExactly("near");
    assertThat(byWords).containsExactly("words");
  }

  @Test
  void mmrPutsVarietyBeforeMoreOfTheSame() {
    // Given: three on one side of the message, one a little farther on the other side
    memory.put(example("same1", "a b", "x", 1, 0.30f, 0));
    memory.put(example("same2", "c d", "y", 1, 0.31f, 0));
    memory.put(example("same3", "e f", "z", 1, 0.32f, 0));
    memory.put(example("other", "g h", "w", 1, -0.60f, 0));

    // When
    List<String> byEmbedding = select("q", Selection.EMBEDDING, 2, 1, 0, 0);
    List<String> byMmr = select("q", Selection.MMR, 2, 1, 0, 0);

    // Then
    assertThat(byEmbedding).containsExactly("same1", "same2");
    assertThat(byMmr).containsExactly("same1", "other");
  }

  @Test
  void keywordCountsSharedWordsAsTheArticleDoes() {
    // Given
    memory.put(example("one", "my parcel", "a", 1, 0));
    memory.put(example("two", "my card is blue", "b", 1, 0));

    // When
    List<String> chosen = select("where is my card", Selection.KEYWORD, 2);

    // Then
    assertThat(chosen).containsExactly("two", "one");
  }

  @Test
  void keywordCannotTellChineseMessagesApartButHybridCan() {
    // Given
    memory.put(example("1", "请帮我办理退款", "refund", 1, 0));
    memory.put(example("2", "我的快递什么时候能送到", "delivery", 1, 0));
    memory.put(example("3", "屏幕坏了去哪里维修", "repair", 1, 0));

    // When
    Set<String> byKeyword = new HashSet<>();
    Set<String> byHybrid = new HashSet<>();
    for (String message : List.of("我想申请退款", "快递还没送到", "屏幕碎了能维修吗")) {
      byKeyword.add(select(message, Selection.KEYWORD, 1).get(0));
      byHybrid.add(select(message, Selection.HYBRID, 1).get(0));
    }

    // Then
    assertThat(byKeyword).hasSize(1);
    assertThat(byHybrid).hasSize(3);
  }

  @Test
  void randomRepeatsForAMessageAndVariesBetweenMessages() {
    // Given
    IntStream.range(0, 50).forEach(i -> memory.put(spread(i)));

    // When
    List<String> first = select("one message", Selection.RANDOM, 5);
    List<String> again = select("one message", Selection.RANDOM, 5);
    Set<String> drawn = new HashSet<>();
    IntStream.range(0, 100).forEach(i -> drawn.addAll(select("message " + i, Selection.RANDOM, 5)));

    // Then
    assertThat(first).hasSize(5).isEqualTo(again);
    assertThat(drawn).hasSize(50);
  }

  @ParameterizedTest
  @EnumSource(Selection.class)
  void theOrderOfArrivalDoesNotMatter(Selection selection) {
    // Given
    List<StoredExample> examples =
        new ArrayList<>(IntStream.range(0, 60).mapToObj(SelectorTest::spread).toList());
    examples.forEach(memory::put);
    List<String> before = select("message 3 about card", selection, 8);

    // When
    memory.clear();
    Collections.shuffle(examples, new Random(3));
    examples.forEach(memory::put);
    memory.put(example("gone", "message 3 about card", "x", 1, 0, 0));
    memory.remove(TASK, "gone");

    // Then
    assertThat(before).hasSize(8);
    assertThat(select("message 3 about card", selection, 8)).isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource(Selection.class)
  void repetitionsAreDroppedAndContradictionsKept(Selection selection) {
    // Given: many spellings of one example, the same text with another output, and another text
    for (int i = 0; i < 40; i++) {
      memory.put(example("copy" + i, "My card is STOLEN" + "!".repeat(i), "stolen", 1, 0));
    }
    memory.put(example("contradiction", "my card is stolen", "lost", 1, 0));
    memory.put(example("other", "is it my other card", "stolen", 1, 1));

    // When
    List<Neighbour> chosen =
        Selector.select(task.lookup("my card is stolen", query(1, 0)), new Examples(3, selection));

    // Then
    assertThat(chosen)
        .extracting(hit -> hit.example().output())
        .containsExactlyInAnyOrder("stolen", "stolen", "lost");
    assertThat(chosen).extracting(hit -> hit.example().id()).contains("contradiction", "other");
  }

  @Test
  void paraphrasesWithAlmostTheSameVectorAreDropped() {
    // Given
    memory.put(example("a", "card gone", "stolen", 1, 0));
    memory.put(example("b", "somebody took it", "stolen", 1, 0.05f));
    memory.put(example("c", "where is it", "lost", 1, 0.06f));
    memory.put(example("d", "thief", "stolen", 1, 0.5f));

    // When
    List<String> chosen = select("card", Selection.EMBEDDING, 4);

    // Then
    assertThat(chosen).containsExactly("a", "c", "d");
  }

  @ParameterizedTest
  @EnumSource(Selection.class)
  void excludedExamplesAreNeverChosen(Selection selection) {
    // Given
    IntStream.range(0, 12).forEach(i -> memory.put(spread(i)));
    Lookup lookup =
        task.lookup(
            "message 3 about card", query(1, 3, 2), example -> !example.id().equals("id03"));

    // When
    List<Neighbour> chosen = Selector.select(lookup, new Examples(12, selection));

    // Then
    assertThat(chosen).hasSize(11).noneMatch(hit -> hit.example().id().equals("id03"));
  }

  @ParameterizedTest
  @EnumSource(Selection.class)
  void nearestComesFirstAndNothingComesFromNothing(Selection selection) {
    // Given
    List<String> fromNothing = select("message", selection, 5);
    IntStream.range(0, 12).forEach(i -> memory.put(spread(i)));

    // When
    List<Neighbour> chosen =
        Selector.select(
            task.lookup("message 3 about card", query(1, 3, 2)), new Examples(5, selection));

    // Then
    assertThat(fromNothing).isEmpty();
    assertThat(select("message 3", selection, 0)).isEmpty();
    assertThat(chosen)
        .hasSize(5)
        .isSortedAccordingTo((a, b) -> Double.compare(b.similarity(), a.similarity()));
  }

  @Test
  void voteAndChoiceShareOneSearch() {
    // Given
    IntStream.range(0, 12).forEach(i -> memory.put(spread(i)));
    Lookup lookup = task.lookup("message 3", query(1, 3, 2));
    List<Neighbour> vote = lookup.byEmbedding(5);

    // When
    memory.clear();
    List<Neighbour> chosen = Selector.select(lookup, new Examples(5, Selection.EMBEDDING));

    // Then
    assertThat(chosen).isEqualTo(vote);
  }

  /** Examples whose vectors lie on an arc, far enough from each other not to repeat. */
  private static StoredExample spread(int i) {
    return example(
        "id%02d".formatted(i), "message " + i + " about card", "out" + i, 1, i, i * i % 17);
  }

  private List<String> select(String text, Selection selection, int k) {
    int dimension = task.examples().stream().findFirst().map(e -> e.vector().length).orElse(2);
    float[] direction = new float[dimension];
    direction[0] = 1;
    return select(text, selection, k, direction);
  }

  private List<String> select(String text, Selection selection, int k, float... direction) {
    return Selector.select(task.lookup(text, query(direction)), new Examples(k, selection)).stream()
        .map(hit -> hit.example().id())
        .toList();
  }
}
