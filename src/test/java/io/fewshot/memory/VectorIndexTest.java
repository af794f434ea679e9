package io.fewshot.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

class VectorIndexTest {

  /** Not a multiple of what is added up at once. */
  private static final int DIMENSION = 7;

  private final Random random = new Random(5);
  private final VectorIndex<String> index = new VectorIndex<>(DIMENSION, new ReentrantLock());
  private final Map<String, float[]> expected = new HashMap<>();
  private final Map<String, VectorIndex.Row<String>> rows = new HashMap<>();

  @Test
  void findsEveryVectorAfterPutsAndRemovalsAcrossBlocks() {
    // Given
    for (int i = 0; i < 300; i++) {
      put("v" + i);
    }
    for (int i = 0; i < 300; i += 3) {
      remove("v" + i);
    }
    remove("v1");
    put("v1");
    put("late");
    float[] query = vector();

    // When
    Map<String, Float> found = search(List.of(query)).get(0);

    // Then
    assertThat(index.size()).isEqualTo(expected.size()).isEqualTo(201);
    assertThat(found).containsOnlyKeys(expected.keySet());
    found.forEach(
        (id, score) ->
            assertThat(score).isCloseTo(Embedding.dot(query, expected.get(id)), within(1e-5f)));
    expected.forEach((id, vector) -> assertThat(row(id).vector()).as(id).isEqualTo(vector));
  }

  @Test
  void aQueryHasTheSameScoresWhicheverItIsAskedWith() {
    for (int i = 0; i < 200; i++) {
      put("v" + i);
    }
    List<float[]> queries = List.of(vector(), vector(), vector());

    List<Map<String, Float>> together = search(queries);

    for (int q = 0; q < queries.size(); q++) {
      assertThat(together.get(q)).isEqualTo(search(List.of(queries.get(q))).get(0));
    }
  }

  @Test
  void canBeEmptiedAndFilledAgain() {
    for (int i = 0; i < 129; i++) {
      put("v" + i);
    }
    for (int i = 128; i >= 0; i--) {
      remove("v" + i);
    }
    assertThat(index.size()).isZero();
    assertThat(search(List.of(vector())).get(0)).isEmpty();

    put("v7");

    assertThat(search(List.of(vector())).get(0)).containsOnlyKeys("v7");
  }

  @Test
  void whatLeavesTakesItsVectorAlong() {
    // Given
    for (int i = 0; i < 140; i++) {
      put("v" + i);
    }
    VectorIndex.Row<String> row = row("v3");
    float[] vector = expected.get("v3");

    // When
    remove("v3");
    put("v3");

    // Then
    assertThat(row.vector()).isEqualTo(vector);
    assertThat(row("v3").vector()).isEqualTo(expected.get("v3")).isNotEqualTo(vector);
  }

  @Test
  void manyVectorsAreCopiedInTheOrderInWhichTheyAreAskedFor() {
    // Given some in each of three blocks, one twice, and two that have left
    for (int i = 0; i < 300; i++) {
      put("v" + i);
    }
    List<String> wanted = List.of("v299", "v5", "v130", "v0", "v5", "v131", "v17", "v129");
    List<VectorIndex.Row<String>> asked = wanted.stream().map(this::row).toList();
    List<float[]> vectors = wanted.stream().map(expected::get).toList();
    remove("v17");
    remove("v299");

    // When
    List<float[]> copies = index.vectors(asked);

    // Then
    assertThat(copies).containsExactlyElementsOf(vectors);
    assertThat(index.vectors(List.of())).isEmpty();
  }

  @Test
  void onlyScoresAreToldThatWereAskedFor() {
    // Given
    for (int i = 0; i < 200; i++) {
      put("v" + i);
    }
    float[] query = vector();
    Map<String, Float> all = search(List.of(query)).get(0);

    // When
    Map<String, Float> positive = new HashMap<>();
    index.search(
        List.of(query),
        new VectorIndex.Found<>() {
          @Override
          public float least(int asked) {
            return 0;
          }

          @Override
          public void accept(int asked, String id, float score) {
            positive.put(id, score);
          }
        });

    // Then
    all.values().removeIf(score -> score < 0);
    assertThat(positive).isEqualTo(all).hasSizeBetween(50, 150);
  }

  private void put(String id) {
    float[] vector = vector();
    rows.put(id, index.add(vector, id));
    expected.put(id, vector);
  }

  private void remove(String id) {
    index.remove(row(id));
    rows.remove(id);
    expected.remove(id);
  }

  private VectorIndex.Row<String> row(String id) {
    return Objects.requireNonNull(rows.get(id));
  }

  private float[] vector() {
    float[] vector = new float[DIMENSION];
    for (int d = 0; d < DIMENSION; d++) {
      vector[d] = (float) random.nextGaussian();
    }
    return vector;
  }

  private List<Map<String, Float>> search(List<float[]> queries) {
    List<Map<String, Float>> found = new ArrayList<>();
    queries.forEach(query -> found.add(new HashMap<>()));
    index.search(
        queries, (query, id, score) -> assertThat(found.get(query).put(id, score)).as(id).isNull());
    return found;
  }
}
