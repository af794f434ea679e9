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
 * <p>The vectors are copied into blocks of rows that lie coordinate by coordinate. So a search
 * reads memory from front to back, and adds one coordinate to the scores of all rows of a block at
 * once, which the JIT turns into vector instructions; it keeps the order of a sum, and with it one
 * addition after the other, where a row is summed up by itself.
 */
final class VectorIndex {

  private static final int BLOCK_ROWS = 64;

  private final int dimension;
  // Coordinate d of row r is block r / BLOCK_ROWS at d * BLOCK_ROWS + r % BLOCK_ROWS.
  private final List<float[]> blocks = new ArrayList<>();
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
    if (examples.size() == blocks.size() * BLOCK_ROWS) {
      blocks.add(new float[BLOCK_ROWS * dimension]);
    }
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
    float[] block = blocks.get(row / BLOCK_ROWS);
    for (int d = 0; d < dimension; d++) {
      block[d * BLOCK_ROWS + row % BLOCK_ROWS] = example.vector()[d];
    }
    examples.set(row, example);
    rowOfId.put(example.id(), row);
  }

  void search(float[] query, Nearest nearest) {
    float[] scores = new float[BLOCK_ROWS];
    int row = 0;
    for (float[] block : blocks) {
      score(query, block, scores);
      int end = Math.min(examples.size(), row + BLOCK_ROWS);
      for (int r = 0; row < end; r++, row++) {
        if (nearest.admits(scores[r])) {
          nearest.offer(examples.get(row), scores[r]);
        }
      }
    }
  }

  private static void score(float[] query, float[] block, float[] scores) {
    Arrays.fill(scores, 0);
    int d = 0;
    for (; d + 3 < query.length; d += 4) {
      add(scores, block, d * BLOCK_ROWS, query[d], query[d + 1], query[d + 2], query[d + 3]);
    }
    for (; d < query.length; d++) {
      add(scores, block, d * BLOCK_ROWS, query[d]);
    }
  }

  private static void add(
      float[] scores, float[] block, int from, float q0, float q1, float q2, float q3) {
    for (int r = 0; r < BLOCK_ROWS; r++) {
      int i = from + r;
      scores[r] +=
          (q0 * block[i] + q1 * block[i + BLOCK_ROWS])
              + (q2 * block[i + 2 * BLOCK_ROWS] + q3 * block[i + 3 * BLOCK_ROWS]);
    }
  }

  private static void add(float[] scores, float[] block, int from, float q) {
    for (int r = 0; r < BLOCK_ROWS; r++) {
      scores[r] += q * block[from + r];
    }
  }
}
