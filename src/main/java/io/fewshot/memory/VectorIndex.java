package io.fewshot.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * Exact search by inner product over the unit vectors of one encoder, for several queries at once.
 * The only place where these vectors lie: who needs one copies it out of here. Not safe for use by
 * several threads by itself: its owner holds a lock.
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

  /** Of the first block, which grows: most tasks are small, and there may be many. */
  private static final int FIRST_ROWS = 16;

  private static final int TILE = 16;

  private final int dimension;
  private final Lock reading;
  // Coordinate d of row r is block r / BLOCK_ROWS at [d][r % BLOCK_ROWS].
  private final List<float[][]> blocks = new ArrayList<>();
  private final List<Row<T>> rows = new ArrayList<>();

  /** Told of the rows for every query; quick, for there are many. */
  @FunctionalInterface
  public interface Found<T> {

    /**
     * The lowest score that a query wants to be told of; asked again after each one told. What is
     * lower costs a comparison and no look at the item.
     */
    default float least(int query) {
      return Float.NEGATIVE_INFINITY;
    }

    /**
     * @param query its place among the queries
     * @param score inner product of query and vector
     */
    void accept(int query, T item, float score);
  }

  /** A vector in the index, or one that has left it. */
  public static final class Row<T> {

    private final VectorIndex<T> index;
    private final T item;
    private int number;
    private float @Nullable [] taken;

    private Row(VectorIndex<T> index, T item, int number) {
      this.index = index;
      this.item = item;
      this.number = number;
    }

    /**
     * A copy of the vector, not to be changed; of one that has left the index, the vector that it
     * had. Safe for use by several threads.
     */
    public float[] vector() {
      index.reading.lock();
      try {
        return taken == null ? index.copy(number) : taken;
      } finally {
        index.reading.unlock();
      }
    }

    VectorIndex<T> index() {
      return index;
    }
  }

  /**
   * @param reading held while a single vector is read
   */
  public VectorIndex(int dimension, Lock reading) {
    this.dimension = dimension;
    this.reading = reading;
  }

  public int size() {
    return rows.size();
  }

  public int dimension() {
    return dimension;
  }

  /**
   * Adds a vector.
   *
   * @param vector as many numbers as {@link #dimension()}; copied
   */
  public Row<T> add(float[] vector, T item) {
    Row<T> row = new Row<>(this, item, rows.size());
    rows.add(row);
    float[][] block = blockOf(row.number);
    for (int d = 0; d < dimension; d++) {
      block[d][row.number % BLOCK_ROWS] = vector[d];
    }
    return row;
  }

  /** A block with room for the row. */
  private float[][] blockOf(int row) {
    if (row == blocks.size() * BLOCK_ROWS) {
      blocks.add(new float[dimension][row == 0 ? FIRST_ROWS : BLOCK_ROWS]);
    }
    float[][] block = blocks.get(row / BLOCK_ROWS);
    int width = block[0].length;
    if (row % BLOCK_ROWS == width) {
      for (int d = 0; d < dimension; d++) {
        block[d] = Arrays.copyOf(block[d], 2 * width);
      }
    }
    return block;
  }

  /**
   * Copies of many vectors in the rows' order, not to be changed; rows that are given twice may
   * share one. Block by block and coordinate by coordinate, as they lie: one vector after the other
   * would read a line of memory for each number.
   */
  public List<float[]> vectors(List<Row<T>> wanted) {
    float[][] vectors = new float[wanted.size()][];
    long[] inOrder = new long[wanted.size()];
    for (int i = 0; i < vectors.length; i++) {
      Row<T> row = wanted.get(i);
      vectors[i] = row.taken;
      inOrder[i] = (long) row.number << Integer.SIZE | i;
    }
    Arrays.sort(inOrder);
    float[][] copies = new float[BLOCK_ROWS][];
    int[] rowsOfBlock = new int[BLOCK_ROWS];
    for (int from = 0, to; from < inOrder.length; from = to) {
      int block = number(inOrder[from]) / BLOCK_ROWS;
      int count = 0;
      for (to = from; to < inOrder.length && number(inOrder[to]) / BLOCK_ROWS == block; to++) {
        int i = (int) inOrder[to];
        if (vectors[i] != null) {
          continue;
        }
        int row = number(inOrder[to]) % BLOCK_ROWS;
        if (count == 0 || rowsOfBlock[count - 1] != row) {
          rowsOfBlock[count] = row;
          copies[count++] = new float[dimension];
        }
        vectors[i] = copies[count - 1];
      }
      if (count > 0) {
        copy(blocks.get(block), rowsOfBlock, count, copies);
      }
    }
    return Arrays.asList(vectors);
  }

  private static int number(long numberAndPlace) {
    return (int) (numberAndPlace >> Integer.SIZE);
  }

  private static void copy(float[][] block, int[] rows, int count, float[][] copies) {
    // A few coordinates at a time, which stay in the fastest cache for all the rows.
    for (int from = 0; from < block.length; from += TILE) {
      int to = Math.min(block.length, from + TILE);
      for (int i = 0; i < count; i++) {
        int row = rows[i];
        float[] copy = copies[i];
        for (int d = from; d < to; d++) {
          copy[d] = block[d][row];
        }
      }
    }
  }

  /** Removes a vector, which the row takes along; the last one takes its place. */
  public void remove(Row<T> row) {
    int at = row.number;
    row.taken = copy(at);
    row.number = 0;
    int end = rows.size() - 1;
    Row<T> last = rows.remove(end);
    if (last != row) {
      float[][] from = blocks.get(end / BLOCK_ROWS);
      float[][] to = blocks.get(at / BLOCK_ROWS);
      for (int d = 0; d < dimension; d++) {
        to[d][at % BLOCK_ROWS] = from[d][end % BLOCK_ROWS];
      }
      rows.set(at, last);
      last.number = at;
    }
    if (end % BLOCK_ROWS == 0) {
      blocks.remove(blocks.size() - 1);
    }
  }

  private float[] copy(int row) {
    float[][] block = blocks.get(row / BLOCK_ROWS);
    int at = row % BLOCK_ROWS;
    float[] vector = new float[dimension];
    for (int d = 0; d < dimension; d++) {
      vector[d] = block[d][at];
    }
    return vector;
  }

  /** Compares each query with every vector; scores that are no number are told to nobody. */
  public void search(List<float[]> queries, Found<? super T> found) {
    float[] scores = new float[BLOCK_ROWS];
    for (int b = 0; b < blocks.size(); b++) {
      int width = blocks.get(b)[0].length;
      if (width != scores.length) {
        scores = new float[width];
      }
      for (int q = 0; q < queries.size(); q++) {
        score(queries.get(q), blocks.get(b), scores);
        tell(b, q, scores, found);
      }
    }
  }

  private void tell(int block, int query, float[] scores, Found<? super T> found) {
    int first = block * BLOCK_ROWS;
    int end = Math.min(rows.size() - first, BLOCK_ROWS);
    float least = found.least(query);
    for (int r = 0; r < end; r++) {
      if (scores[r] >= least) {
        found.accept(query, rows.get(first + r).item, scores[r]);
        least = found.least(query);
      }
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
