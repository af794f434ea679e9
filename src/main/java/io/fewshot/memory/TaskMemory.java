package io.fewshot.memory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The examples of one task. Safe for use by several threads: a reader sees all indexes in the same
 * state, and a writer waits for the searches under way only, some milliseconds for a batch.
 */
public final class TaskMemory {

  /** More than a search's inner product and {@link Embedding#dot} differ by rounding. */
  private static final double ROUNDING = 1e-4;

  private final String name;
  private final Words words;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private final Map<String, StoredExample> byId = new HashMap<>();
  private final NavigableMap<String, VectorIndex<StoredExample>> byEncoder = new TreeMap<>();
  private final NavigableMap<String, Integer> outputs = new TreeMap<>();
  private WordIndex byWord = new WordIndex();
  private long changes;
  private long bytes;
  // From the first time that it is asked which came last; few memories ever are.
  private @Nullable NavigableSet<StoredExample> byAge;
  private volatile boolean leavesOut;

  /** Offers what a search finds to those that keep the nearest for each query. */
  private record Offered(List<Nearest> nearest) implements VectorIndex.Found<StoredExample> {

    @Override
    public float least(int query) {
      return (float) nearest.get(query).worst();
    }

    @Override
    public void accept(int query, StoredExample example, float score) {
      nearest.get(query).offer(example, score);
    }
  }

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

  /** About how many bytes of the heap its examples take. */
  long bytes() {
    return reading(() -> bytes);
  }

  /** Whether the memory was too full for some of its examples, since it was last cleared. */
  public boolean leavesOut() {
    return leavesOut;
  }

  void leaveOut() {
    leavesOut = true;
  }

  /** The one with the latest time of its own. */
  Optional<StoredExample> newest() {
    AtomicReference<@Nullable StoredExample> newest = new AtomicReference<>();
    writing(
        () -> {
          NavigableSet<StoredExample> sorted = byAge;
          if (sorted == null) {
            sorted = new TreeSet<>(StoredExample.OLDEST_FIRST);
            sorted.addAll(byId.values());
            byAge = sorted;
          }
          newest.set(sorted.isEmpty() ? null : sorted.last());
        });
    return Optional.ofNullable(newest.get());
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
            index.search(queries, new Offered(nearest));
          }
          return index;
        });
    return nearest.stream().map(Nearest::bestFirst).toList();
  }

  /** The vectors of examples that this memory gave out, in their order; not to be changed. */
  List<float[]> vectors(List<StoredExample> examples) {
    return reading(
        () -> {
          VectorIndex<StoredExample> index = StoredExample.commonIndex(examples);
          return index == null
              ? examples.stream().map(StoredExample::vector).toList()
              : index.vectors(examples.stream().map(StoredExample::row).toList());
        });
  }

  /**
   * For several vectors at once, all examples that the same encoder made and whose cosine is at
   * least so high, in no particular order.
   */
  public List<List<Neighbour>> alike(String encoder, List<float[]> vectors, double cosine) {
    List<List<Neighbour>> alike = new ArrayList<>();
    vectors.forEach(each -> alike.add(new ArrayList<>()));
    reading(
        () -> {
          VectorIndex<StoredExample> index = byEncoder.get(encoder);
          if (index != null
              && vectors.stream().allMatch(each -> each.length == index.dimension())) {
            index.search(
                vectors,
                new VectorIndex.Found<>() {
                  @Override
                  public float least(int query) {
                    return (float) (cosine - ROUNDING);
                  }

                  @Override
                  public void accept(int query, StoredExample example, float score) {
                    double exact = Embedding.dot(example.vector(), vectors.get(query));
                    if (exact >= cosine) {
                      alike.get(query).add(new Neighbour(example, exact));
                    }
                  }
                });
          }
          return alike;
        });
    return alike;
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

  /** By one thread at a time, as all that changes it. */
  void put(StoredExample example) {
    // Segmenting takes longer than all the rest, so it is done before readers are held up.
    List<String> exampleWords = words.of(example.input());
    StoredExample old = get(example.id()).orElse(null);
    List<String> oldWords = old == null ? List.of() : words.of(old.input());
    writing(
        () -> {
          float[] vector = example.vector();
          String encoder = asIn(byEncoder, example.encoder());
          VectorIndex<StoredExample> index = byEncoder.get(encoder);
          if (index == null) {
            index = new VectorIndex<>(vector.length, lock.readLock());
          }
          checkDimension(index, encoder, vector);
          if (old != null) {
            forget(old, oldWords);
          }
          String output = asIn(outputs, example.output());
          StoredExample held = example.in(index, name, output, encoder);
          byEncoder.put(encoder, index);
          byWord.put(held, exampleWords);
          byId.put(held.id(), held);
          outputs.merge(output, 1, Integer::sum);
          bytes += held.bytes();
          if (byAge != null) {
            byAge.add(held);
          }
          changes++;
        });
  }

  /** The same name, as the one object that the map has of it: each example comes with its own. */
  private static String asIn(NavigableMap<String, ?> names, String name) {
    String same = names.floorKey(name);
    return name.equals(same) ? same : name;
  }

  void remove(String id) {
    get(id)
        .ifPresent(
            old -> {
              List<String> oldWords = words.of(old.input());
              writing(
                  () -> {
                    forget(old, oldWords);
                    changes++;
                  });
            });
  }

  void clear() {
    writing(
        () -> {
          byId.clear();
          byEncoder.clear();
          outputs.clear();
          byWord = new WordIndex();
          byAge = null;
          leavesOut = false;
          bytes = 0;
          changes++;
        });
  }

  private void forget(StoredExample old, List<String> oldWords) {
    bytes -= old.bytes();
    byId.remove(old.id());
    VectorIndex<StoredExample> index = byEncoder.get(old.encoder());
    if (index != null) {
      old.leave(index);
      if (index.size() == 0) {
        byEncoder.remove(old.encoder());
      }
    }
    byWord.remove(old, oldWords);
    if (byAge != null) {
      byAge.remove(old);
    }
    outputs.computeIfPresent(old.output(), (output, count) -> count == 1 ? null : count - 1);
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
