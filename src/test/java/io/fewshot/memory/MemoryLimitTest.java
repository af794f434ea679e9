package io.fewshot.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryLimitTest {

  private static final long EACH = example("t", 10).bytes();

  private final ExampleMemory memory = new ExampleMemory(100 * EACH);

  @AfterEach
  void close() {
    memory.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void theFullestTaskLosesItsNewestAndASmallOneEntersWhateverTheOrder(long seed) {
    // Given a large task and a small one that come to more than fits
    List<StoredExample> examples = new ArrayList<>();
    IntStream.range(10, 300).forEach(i -> examples.add(example("large", i)));
    IntStream.range(10, 40).forEach(i -> examples.add(example("small", i)));
    Collections.shuffle(examples, new Random(seed));

    // When
    examples.forEach(memory::put);

    // Then
    assertThat(ids("small")).hasSize(30);
    assertThat(ids("large"))
        .isEqualTo(IntStream.range(10, 80).mapToObj(MemoryLimitTest::id).toList());
    assertThat(memory.used()).isLessThanOrEqualTo(memory.limit());
    assertThat(memory.leftOut()).isEqualTo(220);
    assertThat(memory.concern()).contains("100 %", "220 were left out");
    assertThat(memory.task("large").leavesOut()).isTrue();
    assertThat(memory.task("small").leavesOut()).isFalse();
  }

  @Test
  void aSmallTaskEntersAFullMemory() {
    // Given
    IntStream.range(10, 200).forEach(i -> memory.put(example("large", i)));
    assertThat(memory.size()).isEqualTo(100);

    // When
    memory.put(example("small", 999));

    // Then
    assertThat(ids("small")).containsExactly("id999");
    assertThat(ids("large")).hasSize(99).doesNotContain("id109");
  }

  @Test
  void aFullMemoryTakesCorrectionsOfWhatItHas() {
    // Given
    IntStream.range(10, 200).forEach(i -> memory.put(example("large", i)));
    StoredExample old = example("large", 42);

    // When
    memory.put(
        new StoredExample(
            "large", old.id(), old.input(), "right", old.createdAt(), "enc", old.vector()));

    // Then
    assertThat(memory.task("large").get("id042").map(StoredExample::output)).contains("right");
    assertThat(memory.size()).isEqualTo(100);
  }

  @Test
  void aRemovalMakesRoomForWhatComesAgain() {
    // Given
    IntStream.range(10, 200).forEach(i -> memory.put(example("large", i)));

    // When
    memory.remove("large", "id010");
    memory.put(example("large", 150));

    // Then
    assertThat(ids("large")).hasSize(100).contains("id150");
  }

  @Test
  void warnsFromFourFifthsOnAndForgetsWhenCleared() {
    IntStream.range(10, 90).forEach(i -> memory.put(example("t", i)));
    assertThat(memory.concern()).isEmpty();

    memory.put(example("t", 90));

    assertThat(memory.concern()).contains("81 %").doesNotContain("left out");
    memory.clear();
    assertThat(memory.concern()).isEmpty();
    assertThat(memory.used()).isZero();
  }

  @Test
  void whatIsUsedIsNoMoreThanWhatIsThereAfterManyChanges() {
    Random random = new Random(4);
    for (int step = 0; step < 3000; step++) {
      int i = 10 + random.nextInt(80);
      if (random.nextInt(3) == 0) {
        memory.remove("t" + i % 3, id(i));
      } else {
        memory.put(example("t" + i % 3, i));
      }
    }
    assertThat(memory.used()).isEqualTo(memory.size() * EACH);
  }

  @Test
  void anExampleTooLargeForAnyMemoryIsLeftOut() {
    memory.put(
        StoredExample.undated(
            "t", "huge", "x".repeat(1_000_000), "y", new Embedding("enc", new float[8])));

    assertThat(memory.size()).isZero();
    assertThat(memory.used()).isZero();
    assertThat(memory.leftOut()).isEqualTo(1);
  }

  private List<String> ids(String task) {
    return List.copyOf(
        new TreeSet<>(memory.task(task).examples().stream().map(StoredExample::id).toList()));
  }

  private static String id(int i) {
    return "id%03d".formatted(i);
  }

  /** All of the same size, each a second newer than the one before. */
  private static StoredExample example(String task, int i) {
    float[] vector = new float[8];
    vector[i % 8] = 1;
    return new StoredExample(
        task, id(i), "text %03d".formatted(i), "out", Instant.ofEpochSecond(i), "enc", vector);
  }
}
