package io.fewshot.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Exact search by inner product over the unit vectors of one encoder, for several queries at once.
 * Not safe for use by several threads by itself: its owner holds a lock.
 *
 * <p>The vectors are copied into blocks of rows, and each block lies coordinate by coordinate in
 * arrays of their own. So a search reads memory once for all its queries, a block staying in the
 * processor's cache until all are done with it, and adds a few coordinates at a time to the scores
 * of all rows of the block. The JIT turns that into vector instructions, since all arrays in the
 * loop are read at the same index: at different places of one array it would have to fear that what
 * it writes is what it reads next, and a row summed up by itself has an order that it must keep.
 *
 * @param <T> what is kept with a vector
 */
public final class VectorIndex<T> {

  /** Long enough for the loop to be worth it; at 384 dimensions a block is 192 KiB. */
  private static final int BLOCK_ROWS = 128;

  private final int dimension;
  // Coordinate d of row r is block r / BLOCK_ROWS at [d][r % BLOCK_ROWS].
  private final List<float[][]> blocks = new ArrayList<>();
  private final List<Row<T>> rows = new ArrayList<>();
  private final Map<String, Integer> rowOfId = new HashMap<>();

  private record Row<T>(String id, T item) {}

  /** Told of every row for every query; quick, for there are many. */
  @FunctionalInterface
  public interface Found<T> {

    /**
     * @param query its place among the queries
     * @param score inner product of query and vector
     */
    void accept(int query, T item, float score);
  }

  public VectorIndex(int dimension) {
    this.dimension = dimension;
  }

  public int size() {
    return rows.size();
  }

  public int dimension() {
    return dimension;
  }

  /**
   * Adds a vector, or replaces the one with this id.
   *
   * @param vector as many numbers as {@link #dimension()}; copied
   */
  public void put(String id, float[] vector, T item) {
    Integer row = rowOfId.get(id);
    if (row == null) {
      row = rows.size();
      rowOfId.put(id, row);
      rows.add(new Row<>(id, item));
      if (row == blocks.size() * BLOCK_ROWS) {
        blocks.add(new float[dimension][BLOCK_ROWS]);
      }
    } else {
      rows.set(row, new Row<>(id, item));
    }
    float[][] block = blocks.get(row / BLOCK_ROWS);
    for (int d = 0; d < dimension; d++) {
      block[d][row % BLOCK_ROWS] = vector[d];
    }
  }

  /** Removes a vector; the last one takes its place. One that is not there is no error. */
  public void remove(String id) {
    Integer row = rowOfId.remove(id);
    if (row == null) {
      return;
    }
    int end = rows.size() - 1;
    Row<T> last = rows.remove(end);
    if (row < end) {
      float[][] from = blocks.get(end / BLOCK_ROWS);
      float[][] to = blocks.get(row / BLOCK_ROWS);
      for (int d = 0; d < dimension; d++) {
        to[d][row % BLOCK_ROWS] = from[d][end % BLOCK_ROWS];
      }
      rows.set(row, last);
      rowOfId.put(last.id(), row);
    }
    if (end % BLOCK_ROWS == 0) {
      blocks.remove(blocks.size() - 1);
    }
  }

  /**
   * A copy of the vector with this id.
   *
   * @throws IllegalArgumentException when there is none
   */
  public float[] vector(String id) {
    Integer row = rowOfId.get(id);
    if (row == null) {
      throw new IllegalArgumentException("there is no vector with the id " + id);
    }
    float[][] block = blocks.get(row / BLOCK_ROWS);
    float[] vector = new float[dimension];
    for (int d = 0; d < dimension; d++) {
      vector[d] = block[d][row % BLOCK_ROWS];
    }
    return vector;
  }

  /** Compares each query with every vector. */
  public void search(List<float[]> queries, Found<? super T> found) {
    float[] scores = new float[BLOCK_ROWS];
    for (int b = 0; b < blocks.size(); b++) {
      for (int q = 0; q < queries.size(); q++) {
        score(queries.get(q), blocks.get(b), scores);
        tell(b, q, scores, found);
      }
    }
  }

  private void tell(int block, int query, float[] scores, Found<? super T> found) {
    int first = block * BLOCK_ROWS;
    int end = Math.min(rows.size() - first, BLOCK_ROWS);
    for (int r = 0; r < end; r++) {
      found.accept(query, rows.get(first + r).item(), scores[r]);
    }
  }

  private static void score(float[] query, float[][] block, float[] scores) {
    Arrays.fill(scores, 0);
    int d = 0;
    for (; d + 3 < query.length; d += 4) {
      add(
          scores,
          block[d],
          query[d],
          block[d + 1],
          query[d + 1],
          block[d + 2],
          query[d + 2],
          block[d + 3],
          query[d + 3]);
    }
    for (; d < query.length; d++) {
      add(scores, block[d], query[d]);
    }
  }

  private static void add(
      float[] scores,
      float[] a,
      float qa,
      float[] b,
      float qb,
      float[] c,
      float qc,
      float[] d,
      float qd) {
    for (int r = 0; r < scores.length; r++) {
      scores[r] =
          Math.fma(qa, a[r], Math.fma(qb, b[r], Math.fma(qc, c[r], Math.fma(qd, d[r], scores[r]))));
    }
  }

  private static void add(float[] scores, float[] a, float qa) {
    for (int r = 0; r < scores.length; r++) {
      scores[r] = Math.fma(qa, a[r], scores[r]);
    }
  }
}
