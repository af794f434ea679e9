package io.fewshot.memory;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The examples of one task. Safe for use by several threads: a reader sees all indexes in the same
 * state, and a writer waits for the searches under way only, some milliseconds for a batch.
 */
public final class TaskMemory {

  private final String name;
  private final Words words;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private final Map<String, StoredExample> byId = new HashMap<>();
  private final Map<String, VectorIndex<StoredExample>> byEncoder = new HashMap<>();
  private final SortedMap<String, Integer> outputs = new TreeMap<>();
  private WordIndex byWord = new WordIndex();
  private long changes;

  TaskMemory(String name, Words words) {
    this.name = name;
    this.words = words;
  }

  public String name() {
    return name;
  }

  public int size() {
    return reading(byId::size);
  }

  /** Grows with every put and removal: tells whether something derived from here is stale. */
  public long changes() {
    return reading(() -> changes);
  }

  /** The outputs present, in alphabetical order, each with the number of its examples. */
  public SortedMap<String, Integer> outputs() {
    return reading(() -> new TreeMap<>(outputs));
  }

  public Optional<StoredExample> get(String id) {
    return reading(() -> Optional.ofNullable(byId.get(id)));
  }

  /** All examples as they are now, in no particular order. */
  public List<StoredExample> examples() {
    return reading(() -> List.copyOf(byId.values()));
  }

  /** The {@code k} examples with the highest cosine to {@code query}, nearest first. */
  public List<Neighbour> nearest(Embedding query, int k) {
    return nearest(query, k, example -> true);
  }

  /**
   * The {@code k} nearest of the eligible examples, nearest first; only those that the query's
   * encoder encoded are compared.
   *
   * @param eligible quick and without side effects: a lock is held
   */
  public List<Neighbour> nearest(Embedding query, int k, Predicate<StoredExample> eligible) {
    return nearest(query.encoder(), List.of(query.vector()), k, List.of(eligible)).get(0);
  }

  /**
   * The same for several messages at once, which reads the memory once for all of them.
   *
   * @param queries of one encoder
   * @param eligible one for each; quick and without side effects: a lock is held
   */
  List<List<Neighbour>> nearest(
      String encoder, List<float[]> queries, int k, List<Predicate<StoredExample>> eligible) {
    List<Nearest> nearest = eligible.stream().map(each -> new Nearest(k, each)).toList();
    reading(
        () -> {
          VectorIndex<StoredExample> index = byEncoder.get(encoder);
          if (index != null) {
            queries.forEach(query -> checkDimension(index, encoder, query));
            index.search(
                queries, (query, example, score) -> nearest.get(query).offer(example, score));
          }
          return index;
        });
    return nearest.stream().map(Nearest::bestFirst).toList();
  }

  /**
   * The {@code k} eligible examples with the highest BM25 score for the words of {@code text},
   * nearest first; those that share no word are left out.
   *
   * @param eligible quick and without side effects: a lock is held
   */
  public List<Neighbour> matching(String text, int k, Predicate<StoredExample> eligible) {
    List<String> query = words.of(text);
    Nearest nearest = new Nearest(k, eligible);
    reading(
        () -> {
          byWord.search(query, nearest);
          return byWord;
        });
    return nearest.bestFirst();
  }

  /** A message's view of this memory. */
  public Lookup lookup(String text, Embedding embedding) {
    return lookup(text, embedding, example -> true);
  }

  /**
   * A message's view of the eligible examples alone: leave one out, or hold some out.
   *
   * @param eligible quick and without side effects: a lock is held
   */
  public Lookup lookup(String text, Embedding embedding, Predicate<StoredExample> eligible) {
    return new Lookup(this, text, embedding, eligible);
  }

  void put(StoredExample example) {
    // Segmenting takes longer than all the rest, so it is done before readers are held up.
    List<String> exampleWords = words.of(example.input());
    writing(
        () -> {
          VectorIndex<StoredExample> index = byEncoder.get(example.encoder());
          if (index == null) {
            index = new VectorIndex<>(example.vector().length);
          }
          checkDimension(index, example.encoder(), example.vector());
          forget(example.id());
          index.put(example.id(), example.vector(), example);
          byEncoder.put(example.encoder(), index);
          byWord.put(example, exampleWords);
          byId.put(example.id(), example);
          outputs.merge(example.output(), 1, Integer::sum);
          changes++;
        });
  }

  void remove(String id) {
    writing(
        () -> {
          if (forget(id)) {
            changes++;
          }
        });
  }

  void clear() {
    writing(
        () -> {
          byId.clear();
          byEncoder.clear();
          outputs.clear();
          byWord = new WordIndex();
          changes++;
        });
  }

  private boolean forget(String id) {
    StoredExample old = byId.remove(id);
    if (old == null) {
      return false;
    }
    VectorIndex<StoredExample> index = byEncoder.get(old.encoder());
    if (index != null) {
      index.remove(id);
      if (index.size() == 0) {
        byEncoder.remove(old.encoder());
      }
    }
    byWord.remove(id);
    outputs.computeIfPresent(old.output(), (output, count) -> count == 1 ? null : count - 1);
    return true;
  }

  private void checkDimension(VectorIndex<StoredExample> index, String encoder, float[] vector) {
    if (index.dimension() != vector.length) {
      throw new IllegalArgumentException(
          "A vector of encoder %s has %d dimensions, but those in the memory of task %s have %d"
              .formatted(encoder, vector.length, name, index.dimension()));
    }
  }

  private <T> T reading(Supplier<T> read) {
    lock.readLock().lock();
    try {
      return read.get();
    } finally {
      lock.readLock().unlock();
    }
  }

  private void writing(Runnable write) {
    lock.writeLock().lock();
    try {
      write.run();
    } finally {
      lock.writeLock().unlock();
    }
  }
}
