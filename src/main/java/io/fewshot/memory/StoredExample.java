package io.fewshot.memory;

import io.fewshot.event.Split;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An example with its embedding. One that a memory gives out has no vector of its own but finds it
 * in the memory's index, and keeps it when it is replaced or removed there.
 */
public final class StoredExample {

  /** By their own time, so that all instances agree which came last. */
  static final Comparator<StoredExample> OLDEST_FIRST =
      Comparator.comparingLong((StoredExample example) -> example.createdAt)
          .thenComparing(StoredExample::id);

  /** Of an example in a memory, without vector and text: objects, references and their maps. */
  private static final int OVERHEAD_BYTES = 320;

  private final String task;
  private final String id;
  private final String input;
  private final String output;
  private final long createdAt;
  private final String encoder;
  private final Split split;
  private final float @Nullable [] own;
  private VectorIndex.@Nullable Row<StoredExample> row;

  /** Its place in the {@link WordIndex}, whose alone it is. */
  int slot;

  /**
   * An example that was not held out.
   *
   * @param encoder name of the encoder that made the vector
   * @param vector of length 1, as many dimensions as the encoder has; not to be changed
   */
  public StoredExample(
      String task,
      String id,
      String input,
      String output,
      Instant createdAt,
      String encoder,
      float[] vector) {
    this(task, id, input, output, createdAt, encoder, vector, Split.TRAIN);
  }

  /**
   * An example.
   *
   * @param encoder name of the encoder that made the vector
   * @param vector of length 1, as many dimensions as the encoder has; not to be changed
   */
  public StoredExample(
      String task,
      String id,
      String input,
      String output,
      Instant createdAt,
      String encoder,
      float[] vector,
      Split split) {
    this(task, id, input, output, createdAt.toEpochMilli(), encoder, split, vector);
  }

  private StoredExample(
      String task,
      String id,
      String input,
      String output,
      long createdAt,
      String encoder,
      Split split,
      float @Nullable [] own) {
    this.task = task;
    this.id = id;
    this.input = input;
    this.output = output;
    this.createdAt = createdAt;
    this.encoder = encoder;
    this.split = split;
    this.own = own;
  }

  /** Of a time that does not matter. */
  public static StoredExample undated(
      String task, String id, String input, String output, Embedding embedding) {
    return new StoredExample(
        task, id, input, output, Instant.EPOCH, embedding.encoder(), embedding.vector());
  }

  /**
   * The same with its vector in an index.
   *
   * @param task the same name, as the memory has it; so are output and encoder
   */
  StoredExample in(VectorIndex<StoredExample> index, String task, String output, String encoder) {
    StoredExample held =
        new StoredExample(task, id, input, output, createdAt, encoder, split, null);
    held.row = index.add(vector(), held);
    return held;
  }

  /** Takes it out of its index; it keeps its vector. */
  void leave(VectorIndex<StoredExample> index) {
    if (row != null) {
      index.remove(row);
    }
  }

  public String task() {
    return task;
  }

  public String id() {
    return id;
  }

  public String input() {
    return input;
  }

  public String output() {
    return output;
  }

  /** To the millisecond. */
  public Instant createdAt() {
    return Instant.ofEpochMilli(createdAt);
  }

  /** Name of the encoder that made the vector. */
  public String encoder() {
    return encoder;
  }

  public Split split() {
    return split;
  }

  /**
   * Of length 1, as many dimensions as the encoder has; not to be changed. A copy for an example in
   * a memory: ask once.
   */
  public float[] vector() {
    if (own != null) {
      return own;
    }
    if (row == null) {
      throw new IllegalStateException("example " + id + " has no vector yet");
    }
    return row.vector();
  }

  /** Where the vector lies. */
  VectorIndex.Row<StoredExample> row() {
    return Objects.requireNonNull(row);
  }

  /** The index in which all these have their vectors; null when there is no such. */
  static @Nullable VectorIndex<StoredExample> commonIndex(List<StoredExample> examples) {
    VectorIndex<StoredExample> common = null;
    for (StoredExample example : examples) {
      VectorIndex.Row<StoredExample> row = example.row;
      if (row == null || common != null && common != row.index()) {
        return null;
      }
      common = row.index();
    }
    return common;
  }

  /** About how many bytes of the heap it takes in a memory. */
  long bytes() {
    int dimension = own != null ? own.length : row != null ? row.index().dimension() : 0;
    boolean latin = input.chars().allMatch(c -> c < 256);
    // With each row goes its share of the headers of its block's arrays. A text takes its
    // characters, and what the words in it take in the word index.
    long vector = (long) dimension * Float.BYTES + dimension / 8;
    long text = (latin ? 1L : 2L) * input.length() + (latin ? 2L : 6L) * indexed();
    return OVERHEAD_BYTES + vector + text + id.length();
  }

  private int indexed() {
    return Math.min(input.length(), Words.MAX_CHARS);
  }

  @Override
  public String toString() {
    return "example %s of task %s: %s -> %s".formatted(id, task, input, output);
  }
}
