package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Split;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitBookTest {

  private static final int DIMENSION = 16;

  private final Random random = new Random(3);
  private final ExampleMemory memory = new ExampleMemory();
  private final SplitBook book = new SplitBook(memory);

  @AfterEach
  void close() {
    memory.close();
  }

  /**
   * @param late after how many batches an example comes back through the topic
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 3, 1000})
  void decidesAsIfEachExampleWereComparedWithAllBeforeItOneByOne(int late) {
    // Given examples of which many are alike, some come again with other words, some by another
    // encoder
    List<EncodedExample.Builder> examples = examples(700);
    List<Split> expected = oneByOne(examples);

    // When they come in batches
    List<Split> assigned = new ArrayList<>();
    for (int from = 0; from < examples.size(); from += 32) {
      book.assign("t", examples.subList(from, Math.min(examples.size(), from + 32)))
          .forEach(each -> assigned.add(each.split()));
      for (int i = from - 32 * late;
          i >= 0 && i < from - 32 * late + 32 && i < assigned.size();
          i++) {
        hold(examples.get(i), assigned.get(i));
      }
    }

    // Then
    assertThat(assigned).isEqualTo(expected).contains(Split.TRAIN, Split.HOLDOUT);
    assertThat(assigned)
        .as("neighbours decide, not hashes alone")
        .isNotEqualTo(examples.stream().map(e -> SplitBook.ofHash(e.getInput())).toList());
  }

  @Test
  void whatWasRemovedDecidesNothing() {
    // Given
    EncodedExample.Builder first = example("a", "enc", new float[] {1, 0}, "first");
    int other = 0;
    while (SplitBook.ofHash("other " + other) == SplitBook.ofHash("first")) {
      other++;
    }
    EncodedExample.Builder alike = example("b", "enc", new float[] {1, 0}, "other " + other);
    book.assign("t", List.of(first));

    // When
    book.remove("t/a");

    // Then
    assertThat(book.contains("t/a")).isFalse();
    assertThat(book.assign("t", List.of(alike)))
        .containsExactly(new SplitBook.Assigned(SplitBook.ofHash("other " + other), false));
    assertThat(book.assign("t", List.of(first)))
        .containsExactly(new SplitBook.Assigned(SplitBook.ofHash("other " + other), false));
    assertThat(book.assign("t", List.of(first)).get(0).known()).isTrue();
  }

  @Test
  void whatWasRemovedHereComesBackNeitherByItsTwinNorByItself() {
    // Given one in the memory, removed here, of which the topic has not told yet
    int other = 0;
    while (SplitBook.ofHash("other " + other) == SplitBook.ofHash("first")) {
      other++;
    }
    EncodedExample.Builder first = example("a", "enc", new float[] {1, 0}, "first");
    hold(first, book.assign("t", List.of(first)).get(0).split());

    // When
    book.remove("t/a");

    // Then
    assertThat(book.contains("t/a")).isFalse();
    EncodedExample.Builder alike = example("b", "enc", new float[] {1, 0}, "other " + other);
    assertThat(book.assign("t", List.of(alike)))
        .containsExactly(new SplitBook.Assigned(SplitBook.ofHash("other " + other), false));
  }

  @Test
  void whatAFullMemoryLeftOutKeepsTheSplitThatItCameWith() {
    // Given a memory for one example, which has one
    ExampleMemory small = new ExampleMemory(600);
    SplitBook full = new SplitBook(small);
    EncodedExample.Builder first = example("a", "enc", new float[] {1, 0}, "first");
    EncodedExample.Builder second = example("b", "enc", new float[] {0, 1}, "second");
    Split split = SplitBook.ofHash("second") == Split.TRAIN ? Split.HOLDOUT : Split.TRAIN;
    hold(small, full, first, Split.TRAIN);
    hold(small, full, second, split);
    assertThat(full.leavesOut("t")).isTrue();

    // When
    List<SplitBook.Assigned> again = full.assign("t", List.of(second.setSplit(split.name())));

    // Then
    assertThat(again).containsExactly(new SplitBook.Assigned(split, false));
    small.close();
  }

  private void hold(EncodedExample.Builder example, Split split) {
    hold(memory, book, example, split);
  }

  /** As when it comes through the topic. */
  private static void hold(
      ExampleMemory memory, SplitBook book, EncodedExample.Builder example, Split split) {
    memory.put(
        new StoredExample(
            example.getTask(),
            example.getExampleId(),
            example.getInput(),
            example.getOutput(),
            example.getCreatedAt(),
            example.getEncodedBy(),
            InternalSerde.vector(example.getVector()),
            split));
    book.settled(new ExampleKey(example.getTask(), example.getExampleId()));
  }

  private record Entry(String encoder, float[] vector, Split split) {}

  private static List<Split> oneByOne(List<EncodedExample.Builder> examples) {
    Map<String, Entry> before = new TreeMap<>();
    List<Split> splits = new ArrayList<>();
    for (EncodedExample.Builder example : examples) {
      float[] vector = InternalSerde.vector(example.getVector());
      Entry own = before.get(example.getExampleId());
      Split split = own == null ? null : own.split();
      double best = SplitBook.ALIKE;
      for (Entry entry : own == null ? before.values() : List.<Entry>of()) {
        double cosine = Embedding.dot(entry.vector(), vector);
        if (entry.encoder().equals(example.getEncodedBy()) && cosine > best) {
          best = cosine;
          split = entry.split();
        }
      }
      splits.add(split == null ? SplitBook.ofHash(example.getInput()) : split);
      before.put(
          example.getExampleId(),
          new Entry(example.getEncodedBy(), vector, splits.get(splits.size() - 1)));
    }
    return splits;
  }

  private List<EncodedExample.Builder> examples(int count) {
    Map<Integer, float[]> topics = new LinkedHashMap<>();
    List<EncodedExample.Builder> examples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      float[] topic = topics.computeIfAbsent(random.nextInt(60), key -> direction(null, 1));
      String id = "e" + (i % 9 == 8 ? random.nextInt(i) : i);
      String encoder = i % 10 == 9 ? "other" : "enc";
      examples.add(example(id, encoder, direction(topic, 0.12 * random.nextDouble()), "text " + i));
    }
    return examples;
  }

  private float[] direction(float[] from, double noise) {
    float[] vector = new float[DIMENSION];
    double square = 0;
    for (int d = 0; d < DIMENSION; d++) {
      vector[d] = (float) ((from == null ? 0 : from[d]) + noise * random.nextGaussian());
      square += vector[d] * vector[d];
    }
    for (int d = 0; d < DIMENSION; d++) {
      vector[d] /= (float) Math.sqrt(square);
    }
    return vector;
  }

  private static EncodedExample.Builder example(
      String id, String encoder, float[] vector, String text) {
    return EncodedExample.newBuilder()
        .setTask("t")
        .setExampleId(id)
        .setInput(text)
        .setOutput("x")
        .setSource("import")
        .setLabeler("")
        .setCreatedAt(Instant.EPOCH)
        .setEncodedBy(encoder)
        .setVector(InternalSerde.bytes(vector));
  }
}
