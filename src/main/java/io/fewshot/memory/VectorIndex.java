package io.fewshot.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Exact search by inner product over the unit vectors of one encoder. Not safe for use by several
 * threads by itself: {@link TaskMemory} holds the lock.
 *
 * <p>The vectors are copied into a matrix that grows by chunks, so that a search reads memory from
 * front to back: following a reference for each row took two to three times as long on a busy
 * machine. A search for several queries in one pass was tried, and gained nothing: the loop is as
 * much bound by arithmetic as by memory.
 */
final class VectorIndex {

  private static final int CHUNK_ROWS = 256;
  private static final int FIRST_ROWS = 8;

  private final int dimension;
  // Row r lies in chunk r / CHUNK_ROWS. All chunks are of full size but the first, which grows to
  // it: most tasks have few examples.
  private final List<float[]> chunks = new ArrayList<>();
  private final List<StoredExample> examples = new ArrayList<>();
  private final Map<String, Integer> rowOfId = new HashMap<>();

  VectorIndex(int dimension) {
    this.dimension = dimension;
  }

  int size() {
    return examples.size();
  }

  int dimension() {
    return dimension;
  }

  void put(StoredExample example) {
    Integer row = rowOfId.get(example.id());
    if (row != null) {
      set(row, example);
      return;
    }
    reserve(examples.size());
    examples.add(example);
    set(examples.size() - 1, example);
  }

  void remove(String id) {
    Integer row = rowOfId.remove(id);
    if (row == null) {
      return;
    }
    StoredExample last = examples.remove(examples.size() - 1);
    if (row < examples.size()) {
      set(row, last);
    }
  }

  private void set(int row, StoredExample example) {
    float[] chunk = chunks.get(row / CHUNK_ROWS);
    System.arraycopy(example.vector(), 0, chunk, row % CHUNK_ROWS * dimension, dimension);
    examples.set(row, example);
    rowOfId.put(example.id(), row);
  }

  private void reserve(int row) {
    if (row == 0 && chunks.isEmpty()) {
      chunks.add(new float[FIRST_ROWS * dimension]);
    } else if (row < CHUNK_ROWS && row * dimension == chunks.get(0).length) {
      chunks.set(0, Arrays.copyOf(chunks.get(0), 2 * row * dimension));
    } else if (row == chunks.size() * CHUNK_ROWS) {
      chunks.add(new float[CHUNK_ROWS * dimension]);
    }
  }

  void search(float[] query, Nearest nearest) {
    int row = 0;
    for (float[] chunk : chunks) {
      int end = Math.min(examples.size(), row + CHUNK_ROWS);
      for (int offset = 0; row < end; row++, offset += dimension) {
        float score = dot(query, chunk, offset);
        if (nearest.admits(score)) {
          nearest.offer(examples.get(row), score);
        }
      }
    }
  }

  /** Inner product of two vectors of the same length. */
  static float dot(float[] a, float[] b) {
    return dot(a, b, 0);
  }

  /** Inner product of {@code a} and what begins at {@code offset} in {@code b}. */
  private static float dot(float[] a, float[] b, int offset) {
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
      int j = offset + i;
      s0 = Math.fma(a[i], b[j], s0);
      s1 = Math.fma(a[i + 1], b[j + 1], s1);
      s2 = Math.fma(a[i + 2], b[j + 2], s2);
      s3 = Math.fma(a[i + 3], b[j + 3], s3);
      s4 = Math.fma(a[i + 4], b[j + 4], s4);
      s5 = Math.fma(a[i + 5], b[j + 5], s5);
      s6 = Math.fma(a[i + 6], b[j + 6], s6);
      s7 = Math.fma(a[i + 7], b[j + 7], s7);
    }
    float sum = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    for (; i < a.length; i++) {
      sum = Math.fma(a[i], b[offset + i], sum);
    }
    return sum;
  }
}
