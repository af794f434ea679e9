package io.fewshot.memory;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Exact search by inner product over the unit vectors of one encoder. Not safe for use by several
 * threads by itself: {@link TaskMemory} holds the lock.
 *
 * <p>The rows are the examples' own vectors, not a copy in one matrix: at several hundred
 * dimensions a row is long enough that following its reference costs nothing measurable, and memory
 * is halved.
 */
final class VectorIndex {

  private static final float[] NOTHING = new float[0];

  private final int dimension;
  // The vectors beside their examples: one reference less to follow in the loop over all.
  private float[][] vectors = new float[8][];
  private @Nullable StoredExample[] examples = new StoredExample[8];
  private int size;
  private final Map<String, Integer> rowOfId = new HashMap<>();

  VectorIndex(int dimension) {
    this.dimension = dimension;
  }

  int size() {
    return size;
  }

  int dimension() {
    return dimension;
  }

  void put(StoredExample example) {
    Integer known = rowOfId.get(example.id());
    int row = known == null ? size++ : known;
    if (row == vectors.length) {
      // References only: the vectors themselves stay where they are.
      vectors = Arrays.copyOf(vectors, row + (row >> 1));
      examples = Arrays.copyOf(examples, vectors.length);
    }
    set(row, example);
  }

  void remove(String id) {
    Integer row = rowOfId.remove(id);
    if (row == null) {
      return;
    }
    size--;
    StoredExample last = examples[size];
    examples[size] = null;
    vectors[size] = NOTHING;
    if (row < size && last != null) {
      set(row, last);
    }
  }

  private void set(int row, StoredExample example) {
    vectors[row] = example.vector();
    examples[row] = example;
    rowOfId.put(example.id(), row);
  }

  void search(float[] query, Nearest nearest) {
    for (int row = 0; row < size; row++) {
      float score = dot(query, vectors[row]);
      if (nearest.admits(score)) {
        StoredExample example = examples[row];
        if (example != null) {
          nearest.offer(example, score);
        }
      }
    }
  }

  /** Inner product of two vectors of the same length. */
  static float dot(float[] a, float[] b) {
    // Floating point sums are not reordered by the JIT: independent sums keep the units for fused
    // multiplication and addition busy, which is as fast as the rows come from memory.
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    float s4 = 0;
    float s5 = 0;
    float s6 = 0;
    float s7 = 0;
    int i = 0;
    for (int end = a.length - 7; i < end; i += 8) {
      s0 = Math.fma(a[i], b[i], s0);
      s1 = Math.fma(a[i + 1], b[i + 1], s1);
      s2 = Math.fma(a[i + 2], b[i + 2], s2);
      s3 = Math.fma(a[i + 3], b[i + 3], s3);
      s4 = Math.fma(a[i + 4], b[i + 4], s4);
      s5 = Math.fma(a[i + 5], b[i + 5], s5);
      s6 = Math.fma(a[i + 6], b[i + 6], s6);
      s7 = Math.fma(a[i + 7], b[i + 7], s7);
    }
    float sum = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    for (; i < a.length; i++) {
      sum = Math.fma(a[i], b[i], sum);
    }
    return sum;
  }
}
