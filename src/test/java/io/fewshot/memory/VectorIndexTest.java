package io.fewshot.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VectorIndexTest {

  /** Not a multiple of what is added up at once. */
  private static final int DIMENSION = 7;

  private final Random random = new Random(5);
  private final VectorIndex<String> index = new VectorIndex<>(DIMENSION);
  private final Map<String, float[]> expected = new HashMap<>();

  @Test
  void findsEveryVectorAfterPutsAndRemovalsAcrossBlocks() {
    // Given
    for (int i = 0; i < 300; i++) {
      put("v" + i);
    }
    for (int i = 0; i < 300; i += 3) {
      index.remove("v" + i);
      expected.remove("v" + i);
    }
    put("v1");
    put("late");
    index.remove("never there");
    float[] query = vector();

    // When
    Map<String, Float> found = search(List.of(query)).get(0);

    // Then
    assertThat(index.size()).isEqualTo(expected.size()).isEqualTo(201);
    assertThat(found).containsOnlyKeys(expected.keySet());
    found.forEach(
        (id, score) ->
            assertThat(score).isCloseTo(Embedding.dot(query, expected.get(id)), within(1e-5f)));
    assertThat(index.vector("v1")).isEqualTo(expected.get("v1"));
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
      index.remove("v" + i);
    }
    assertThat(index.size()).isZero();
    assertThat(search(List.of(vector())).get(0)).isEmpty();

    put("v7");

    assertThat(search(List.of(vector())).get(0)).containsOnlyKeys("v7");
  }

  private void put(String id) {
    float[] vector = vector();
    index.put(id, vector, id);
    expected.put(id, vector);
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
