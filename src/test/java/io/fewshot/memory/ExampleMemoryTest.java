package io.fewshot.memory;

import static io.fewshot.memory.MemoryFixtures.TASK;
import static io.fewshot.memory.MemoryFixtures.encoded;
import static io.fewshot.memory.MemoryFixtures.example;
import static io.fewshot.memory.MemoryFixtures.query;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ExampleMemoryTest {

  private final ExampleMemory memory = new ExampleMemory();
  private final TaskMemory task = memory.task(TASK);

  @AfterEach
  void close() {
    memory.close();
  }

  @Test
  void nearestComesFirst() {
    // Given
    memory.put(example("far", "lost card", "card", 0, 1));
    memory.put(example("near", "money back", "refund", 1, 0.1f));
    memory.put(example("middle", "pay me", "refund", 1, 1));

    // When
    List<Neighbour> nearest = task.nearest(query(1, 0), 2);

    // Then
    assertThat(ids(nearest)).containsExactly("near", "middle");
    assertThat(nearest.get(1).similarity()).isCloseTo(Math.sqrt(0.5), within(1e-6));
  }

  @Test
  void upsertReplacesEverywhere() {
    // Given
    memory.put(example("a", "parcel is late", "delivery", 1, 0));

    // When
    memory.put(example("a", "card was stolen", "card", 0, 1));

    // Then
    assertThat(task.size()).isEqualTo(1);
    assertThat(task.outputs()).containsExactly(entry("card", 1));
    assertThat(task.get("a")).map(StoredExample::input).contains("card was stolen");
    assertThat(task.nearest(query(0, 1), 5))
        .singleElement()
        .satisfies(
            hit -> {
              assertThat(hit.similarity()).isCloseTo(1, within(1e-6));
              assertThat(hit.example().output()).isEqualTo("card");
            });
    assertThat(matching("parcel")).isEmpty();
    assertThat(matching("stolen")).containsExactly("a");
  }

  @Test
  void tombstoneRemovesEverywhere() {
    // Given
    memory.put(example("a", "parcel is late", "delivery", 1, 0));
    memory.put(example("b", "parcel is lost", "loss", 0, 1));

    // When
    memory.remove(TASK, "a");
    memory.remove(TASK, "never there");

    // Then
    assertThat(task.get("a")).isEmpty();
    assertThat(task.outputs()).containsExactly(entry("loss", 1));
    assertThat(ids(task.nearest(query(1, 0), 5))).containsExactly("b");
    assertThat(matching("parcel late")).containsExactly("b");
    assertThat(memory.tasks()).containsExactly(TASK);
  }

  @Test
  void whatWasFoundKeepsItsVectorWhenItsExampleIsReplacedRemovedOrCleared() {
    // Given
    List.of("a", "b", "c").forEach(id -> memory.put(example(id, "parcel", "x", 1, 0)));
    List<Neighbour> found = task.nearest(query(1, 0), 3);

    // When
    memory.put(example("a", "card", "y", 0, 1));
    memory.remove(TASK, "b");
    memory.put(example("d", "more", "z", 0, 1));
    memory.clear();
    memory.put(example("e", "more", "z", 0, 1));

    // Then
    assertThat(found)
        .hasSize(3)
        .allSatisfy(hit -> assertThat(hit.example().vector()).containsExactly(1, 0));
    assertThat(task.vectors(found.stream().map(Neighbour::example).toList()))
        .hasSize(3)
        .allSatisfy(vector -> assertThat(vector).containsExactly(1, 0));
  }

  @Test
  void alikeIsWhatIsAtLeastSoNearAndOfTheSameEncoder() {
    // Given
    memory.put(example("same", "parcel", "x", 1, 0));
    memory.put(example("near", "parcel", "x", 1, 0.1f));
    memory.put(example("far", "parcel", "x", 1, 1));
    memory.put(encoded("other", "another", "parcel", "x", 1, 0));

    // When
    List<List<Neighbour>> alike =
        task.alike(
            MemoryFixtures.ENCODER, List.of(query(1, 0).vector(), query(-1, 0).vector()), 0.9);

    // Then
    assertThat(ids(alike.get(0))).containsExactlyInAnyOrder("same", "near");
    assertThat(alike.get(1)).isEmpty();
  }

  @Test
  void clearKeepsViewsValid() {
    // Given
    memory.put(example("a", "parcel is late", "delivery", 1, 0));
    long before = task.changes();

    // When
    memory.clear();

    // Then
    assertThat(task.size()).isZero();
    assertThat(task.nearest(query(1, 0), 5)).isEmpty();
    assertThat(matching("parcel")).isEmpty();
    assertThat(task.changes()).isGreaterThan(before);
    assertThat(memory.tasks()).isEmpty();
  }

  @Test
  void tasksAreApart() {
    // Given
    memory.put(
        new StoredExample(
            "other",
            "a",
            "parcel",
            "x",
            Instant.EPOCH,
            MemoryFixtures.ENCODER,
            new float[] {1, 0}));

    // When
    List<Neighbour> nearest = task.nearest(query(1, 0), 5);

    // Then
    assertThat(nearest).isEmpty();
    assertThat(matching("parcel")).isEmpty();
  }

  @Test
  void vectorsOfDifferentEncodersAreNeverCompared() {
    // Given
    memory.put(example("two", "parcel", "delivery", 1, 0));
    memory.put(encoded("wide", "three", "包裹", "delivery", 1, 0, 0));
    memory.put(encoded("same-width", "other", "package", "delivery", 1, 0));

    // When
    List<Neighbour> narrow = task.nearest(query(1, 0), 5);
    List<Neighbour> wide = task.nearest(new Embedding("wide", new float[] {1, 0, 0}), 5);
    List<Neighbour> unknown = task.nearest(new Embedding("unknown", new float[] {1, 0}), 5);

    // Then
    assertThat(ids(narrow)).containsExactly("two");
    assertThat(ids(wide)).containsExactly("three");
    assertThat(unknown).isEmpty();
  }

  @Test
  void anExampleEncodedAnewLeavesTheOldEncodersIndex() {
    // Given
    memory.put(encoded("old", "a", "parcel", "delivery", 1, 0));

    // When
    memory.put(encoded("new", "a", "parcel", "delivery", 1, 0, 0));

    // Then
    assertThat(task.nearest(new Embedding("old", new float[] {1, 0}), 5)).isEmpty();
    assertThat(ids(task.nearest(new Embedding("new", new float[] {1, 0, 0}), 5)))
        .containsExactly("a");
  }

  @Test
  void aVectorOfTheWrongLengthIsRefusedAndChangesNothing() {
    // Given
    memory.put(example("a", "parcel", "delivery", 1, 0));

    // When, Then
    assertThatThrownBy(() -> memory.put(example("b", "card", "card", 1, 0, 0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 dimensions");
    assertThatThrownBy(() -> task.nearest(query(1, 0, 0), 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(task.outputs()).containsExactly(entry("delivery", 1));
    assertThat(matching("card")).isEmpty();
  }

  @Test
  void ineligibleExamplesDoNotTakeUpPlaces() {
    // Given
    IntStream.range(0, 10)
        .forEach(i -> memory.put(example("id" + i, "late parcel", "out" + i, 1, 0.01f * i)));

    // When
    List<Neighbour> nearest = task.nearest(query(1, 0), 2, example -> !example.id().equals("id0"));
    List<Neighbour> matching = task.matching("parcel", 2, example -> !example.id().equals("id0"));

    // Then
    assertThat(ids(nearest)).containsExactly("id1", "id2");
    assertThat(ids(matching)).containsExactly("id1", "id2");
  }

  @Test
  void searchesAgreeWithALookAtEachExampleAfterManyChanges() {
    // Given
    Random random = new Random(7);
    Map<String, StoredExample> expected = new HashMap<>();
    String[] vocabulary = {"card", "parcel", "refund", "late", "stolen", "app", "crash"};
    for (int step = 0; step < 6000; step++) {
      String id = "id" + random.nextInt(900);
      if (random.nextInt(3) == 0) {
        memory.remove(TASK, id);
        expected.remove(id);
      } else {
        String word = vocabulary[random.nextInt(vocabulary.length)];
        StoredExample example =
            example(
                id,
                word + " " + vocabulary[random.nextInt(vocabulary.length)],
                word,
                (float) random.nextGaussian(),
                (float) random.nextGaussian(),
                (float) random.nextGaussian());
        memory.put(example);
        expected.put(id, example);
      }
    }
    Embedding query = query(0.3f, -1, 0.5f);

    // When
    List<Neighbour> nearest = task.nearest(query, 20);
    List<Neighbour> matching = task.matching("parcel", 5000, example -> true);

    // Then
    List<String> wanted =
        expected.values().stream()
            .sorted(
                (a, b) ->
                    Float.compare(
                        Embedding.dot(b.vector(), query.vector()),
                        Embedding.dot(a.vector(), query.vector())))
            .limit(20)
            .map(StoredExample::id)
            .toList();
    assertThat(ids(nearest)).isEqualTo(wanted);
    assertThat(ids(matching))
        .containsExactlyInAnyOrderElementsOf(
            expected.values().stream()
                .filter(example -> example.input().contains("parcel"))
                .map(StoredExample::id)
                .toList());
    assertThat(task.examples()).hasSameSizeAs(expected.values());
    for (StoredExample example : task.examples()) {
      assertThat(example)
          .as(example.id())
          .usingRecursiveComparison()
          .ignoringFields("row", "own", "slot")
          .isEqualTo(expected.get(example.id()));
      assertThat(example.vector()).isEqualTo(expected.get(example.id()).vector());
    }
    assertThat(task.outputs().values().stream().mapToInt(Integer::intValue).sum())
        .isEqualTo(expected.size());
  }

  @Test
  void readersSeeWholeWritesWhileOneThreadWrites() throws Exception {
    // Given
    memory.put(example("pivot", "alpha", "first", 1, 0));
    AtomicBoolean stop = new AtomicBoolean();
    ExecutorService readers = Executors.newFixedThreadPool(3);
    List<Future<Integer>> counts =
        IntStream.range(0, 3)
            .mapToObj(
                i ->
                    readers.submit(
                        () -> {
                          int searches = 0;
                          while (!stop.get() || searches == 0) {
                            List<Neighbour> hits = task.nearest(query(1, 0), 1000);
                            assertThat(ids(hits)).contains("pivot").doesNotHaveDuplicates();
                            assertThat(ids(task.matching("alpha", 1000, example -> true)))
                                .contains("pivot")
                                .doesNotHaveDuplicates();
                            assertThat(task.outputs()).hasSizeBetween(1, 2);
                            searches++;
                          }
                          return searches;
                        }))
            .toList();

    // When
    for (int i = 0; i < 3000; i++) {
      memory.put(example("pivot", "alpha " + i, i % 2 == 0 ? "first" : "second", 1, 0));
      memory.put(example("id" + i % 50, "alpha beta", "first", 0, 1));
      memory.remove(TASK, "id" + (i + 25) % 50);
    }
    stop.set(true);
    readers.shutdown();

    // Then
    assertThat(readers.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    for (Future<Integer> count : counts) {
      assertThat(count.get()).isPositive();
    }
    assertThat(task.size()).isEqualTo(26);
  }

  private List<String> matching(String text) {
    return ids(task.matching(text, 10, example -> true));
  }

  private static List<String> ids(List<Neighbour> neighbours) {
    return neighbours.stream().map(neighbour -> neighbour.example().id()).toList();
  }
}
