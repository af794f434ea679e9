package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Split;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.NearDuplicates;
import io.fewshot.memory.VectorIndex;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All examples of the cluster with their vectors and splits, and the rule that gives a new one its
 * split: that of the nearest example when it is nearer than a cosine of 0.93, so that what is
 * evaluated was never trained on in other words; otherwise a hash of the normalized text decides,
 * which is the same everywhere and for ever. An example keeps its split for life.
 *
 * <p>Filled from the topic of encoded examples, and at once by what this process decides, since a
 * near duplicate may come in the same batch. Holds no texts. Safe for use by several threads.
 *
 * <p>Limitation: two near duplicates that two processes encode within the same tenth of a second do
 * not see each other, and each follows its hash.
 */
final class SplitBook {

  /** From this cosine on, two messages are too alike to be on different sides. */
  static final double ALIKE = 0.93;

  /** Of those that no neighbour decides. */
  static final double HOLDOUT_SHARE = 0.2;

  /** More than a search's inner product and {@link Embedding#dot} differ by rounding. */
  private static final double ROUNDING = 1e-4;

  private final Map<String, TaskBook> tasks = new HashMap<>();

  /** Vectors that can be compared. */
  private record Space(String encoder, int dimension) {}

  private record Entry(Space space, Split split) {}

  /**
   * An example's split.
   *
   * @param known whether the example had it before
   */
  record Assigned(Split split, boolean known) {}

  /** An example that is to have its split. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Wanted(String id, Space space, float[] vector) {

    static Wanted of(EncodedExample.Builder example) {
      float[] vector = InternalSerde.vector(example.getVector());
      return new Wanted(
          example.getExampleId(), new Space(example.getEncodedBy(), vector.length), vector);
    }
  }

  /** A stored example that may be too alike. */
  private record Hit(String id, double cosine) {}

  /** The examples of one task. */
  private static final class TaskBook {

    final Map<String, Entry> entries = new HashMap<>();
    final Map<Space, VectorIndex<String>> vectors = new HashMap<>();

    void put(String id, Space space, float[] vector, Split split) {
      Entry before = entries.put(id, new Entry(space, split));
      if (before != null && !before.space().equals(space)) {
        removeVector(before.space(), id);
      }
      vectors.computeIfAbsent(space, key -> new VectorIndex<>(key.dimension())).put(id, vector, id);
    }

    void remove(String id) {
      Entry entry = entries.remove(id);
      if (entry != null) {
        removeVector(entry.space(), id);
      }
    }

    private void removeVector(Space space, String id) {
      VectorIndex<String> index = vectors.get(space);
      if (index != null) {
        index.remove(id);
        if (index.size() == 0) {
          vectors.remove(space);
        }
      }
    }

    Split split(String id) {
      return Objects.requireNonNull(entries.get(id)).split();
    }

    /** For each one wanted, the stored examples that are as near as counts. */
    List<List<Hit>> alike(List<Wanted> wanted) {
      List<List<Hit>> hits = new ArrayList<>();
      wanted.forEach(each -> hits.add(new ArrayList<>()));
      vectors.forEach(
          (space, index) -> {
            List<Integer> places = new ArrayList<>();
            List<float[]> queries = new ArrayList<>();
            for (int i = 0; i < wanted.size(); i++) {
              if (wanted.get(i).space().equals(space) && !entries.containsKey(wanted.get(i).id())) {
                places.add(i);
                queries.add(wanted.get(i).vector());
              }
            }
            index.search(
                queries,
                (query, id, score) -> {
                  if (score >= ALIKE - ROUNDING) {
                    double cosine = Embedding.dot(index.vector(id), queries.get(query));
                    hits.get(places.get(query)).add(new Hit(id, cosine));
                  }
                });
          });
      return hits;
    }
  }

  /**
   * The splits of examples of one task, as if each came after those before it; decided, and noted,
   * for those that have none yet. All are compared with what is stored in one go.
   */
  synchronized List<Assigned> assign(String task, List<EncodedExample.Builder> examples) {
    TaskBook book = book(task);
    List<Wanted> wanted = examples.stream().map(Wanted::of).toList();
    List<List<Hit>> stored = book.alike(wanted);
    List<Assigned> assigned = new ArrayList<>();
    Set<String> changed = new HashSet<>();
    for (int i = 0; i < wanted.size(); i++) {
      Wanted one = wanted.get(i);
      Entry own = book.entries.get(one.id());
      Split split;
      if (own == null) {
        List<Hit> hits = new ArrayList<>(stored.get(i));
        // What came since the search has another vector, or had none.
        hits.removeIf(hit -> changed.contains(hit.id()));
        hits.addAll(alike(one, wanted.subList(0, i)));
        String nearest = nearest(hits);
        split = nearest == null ? ofHash(examples.get(i).getInput()) : book.split(nearest);
      } else {
        split = own.split();
      }
      book.put(one.id(), one.space(), one.vector(), split);
      changed.add(one.id());
      assigned.add(new Assigned(split, own != null));
    }
    return assigned;
  }

  /** The last of those with the same id counts. */
  private static List<Hit> alike(Wanted one, List<Wanted> before) {
    Map<String, Hit> hits = new HashMap<>();
    for (Wanted other : before) {
      hits.remove(other.id());
      if (other.space().equals(one.space())) {
        hits.put(other.id(), new Hit(other.id(), Embedding.dot(other.vector(), one.vector())));
      }
    }
    return List.copyOf(hits.values());
  }

  /** Of equally near ones, that with the first id. */
  private static @Nullable String nearest(List<Hit> hits) {
    String nearest = null;
    double best = ALIKE;
    for (Hit hit : hits) {
      boolean nearer =
          hit.cosine() > best
              || (hit.cosine() == best && nearest != null && hit.id().compareTo(nearest) < 0);
      if (nearer) {
        nearest = hit.id();
        best = hit.cosine();
      }
    }
    return nearest;
  }

  static Split ofHash(String text) {
    double draw = (NearDuplicates.hash(text) >>> 11) * 0x1.0p-53;
    return draw < HOLDOUT_SHARE ? Split.HOLDOUT : Split.TRAIN;
  }

  synchronized boolean contains(String key) {
    ExampleKey at = ExampleKey.of(key);
    TaskBook book = tasks.get(at.task());
    return book != null && book.entries.containsKey(at.exampleId());
  }

  synchronized void put(EncodedExample example) {
    float[] vector = InternalSerde.vector(example.getVector());
    book(example.getTask())
        .put(
            example.getExampleId(),
            new Space(example.getEncodedBy(), vector.length),
            vector,
            Split.valueOf(example.getSplit()));
  }

  synchronized void remove(String key) {
    ExampleKey at = ExampleKey.of(key);
    TaskBook book = tasks.get(at.task());
    if (book != null) {
      book.remove(at.exampleId());
    }
  }

  synchronized void clear() {
    tasks.clear();
  }

  private TaskBook book(String task) {
    return tasks.computeIfAbsent(task, key -> new TaskBook());
  }
}
