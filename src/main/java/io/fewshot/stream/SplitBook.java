package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Split;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.NearDuplicates;
import io.fewshot.memory.Neighbour;
import io.fewshot.memory.StoredExample;
import io.fewshot.memory.TaskMemory;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The splits of all examples of the cluster, and the rule that gives a new one its split: that of
 * the nearest example when it is nearer than a cosine of 0.93, so that what is evaluated was never
 * trained on in other words; otherwise a hash of the normalized text decides, which is the same
 * everywhere and for ever. An example keeps its split for life.
 *
 * <p>What is known lies in the example memory, which is filled from the topic of encoded examples,
 * and is the one that messages are answered from where both applications share a process: the
 * vectors are most of what an example takes. It is complete before anything is decided, since the
 * application that decides fills it too (see {@link io.fewshot.memory.SharedLog}). Beside it lies
 * what this process decided and has not come back through the topic yet, since a near duplicate may
 * come in the same batch. Safe for use by several threads.
 *
 * <p>Limitation: two near duplicates that two processes encode within the same tenth of a second do
 * not see each other, and each follows its hash. Nor does an example see one that a full memory
 * left out.
 */
final class SplitBook {

  /** From this cosine on, two messages are too alike to be on different sides. */
  static final double ALIKE = 0.93;

  /** Of those that no neighbour decides. */
  static final double HOLDOUT_SHARE = 0.2;

  /** Of what a process decides in the time that a record takes through the topic; some 8 MB. */
  private static final int MOST_DECIDED = 5_000;

  private final ExampleMemory memory;
  private final Map<ExampleKey, Decided> decided = new LinkedHashMap<>();

  /**
   * An example's split.
   *
   * @param known whether the example had it before
   */
  record Assigned(Split split, boolean known) {}

  /**
   * What was decided and is not in the memory yet.
   *
   * @param split null of an example that was removed
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Decided(String encoder, float[] vector, @Nullable Split split) {

    static final Decided REMOVED = new Decided("", new float[0], null);

    static Decided of(EncodedExample.Builder example, @Nullable Split split) {
      return new Decided(example.getEncodedBy(), InternalSerde.vector(example.getVector()), split);
    }

    double cosine(Decided other) {
      return split != null && encoder.equals(other.encoder) && vector.length == other.vector.length
          ? Embedding.dot(vector, other.vector)
          : 0;
    }
  }

  /**
   * Looks for the nearest of those that are alike: of equally near ones, that with the first id.
   */
  private static final class Search {

    private double best = ALIKE;
    private @Nullable String nearest;
    private @Nullable Split split;

    void offer(String id, double cosine, @Nullable Split itsSplit) {
      if (cosine > best || cosine == best && nearest != null && id.compareTo(nearest) < 0) {
        best = cosine;
        nearest = id;
        split = itsSplit;
      }
    }
  }

  /**
   * @param memory as the topic of encoded examples has it, once anything is asked
   */
  SplitBook(ExampleMemory memory) {
    this.memory = memory;
  }

  /**
   * The splits of examples of one task, as if each came after those before it; decided, and noted,
   * for those that have none yet. All are compared with what is stored in one go.
   */
  synchronized List<Assigned> assign(String task, List<EncodedExample.Builder> examples) {
    List<Decided> wanted = examples.stream().map(each -> Decided.of(each, null)).toList();
    List<List<Neighbour>> stored = alike(task, examples, wanted);
    List<Assigned> assigned = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      EncodedExample.Builder example = examples.get(i);
      ExampleKey key = new ExampleKey(task, example.getExampleId());
      Split own = known(key);
      Split split = own;
      if (split == null && example.hasSplit() && memory.task(task).leavesOut()) {
        split = Split.valueOf(example.getSplit());
      }
      if (split == null) {
        split = nearest(task, wanted.get(i), stored.get(i));
      }
      if (split == null) {
        split = ofHash(example.getInput());
      }
      note(key, new Decided(wanted.get(i).encoder(), wanted.get(i).vector(), split));
      assigned.add(new Assigned(split, own != null));
    }
    return assigned;
  }

  /** For each of those wanted that is new, what is alike in the memory. */
  private List<List<Neighbour>> alike(
      String task, List<EncodedExample.Builder> examples, List<Decided> wanted) {
    List<List<Neighbour>> alike = new ArrayList<>();
    Map<String, List<Integer>> places = new TreeMap<>();
    for (int i = 0; i < wanted.size(); i++) {
      alike.add(List.of());
      if (known(new ExampleKey(task, examples.get(i).getExampleId())) == null) {
        places.computeIfAbsent(wanted.get(i).encoder(), key -> new ArrayList<>()).add(i);
      }
    }
    TaskMemory stored = memory.task(task);
    places.forEach(
        (encoder, at) -> {
          List<float[]> vectors = at.stream().map(i -> wanted.get(i).vector()).toList();
          List<List<Neighbour>> found = stored.alike(encoder, vectors, ALIKE);
          for (int i = 0; i < found.size(); i++) {
            alike.set(at.get(i), found.get(i));
          }
        });
    return alike;
  }

  private @Nullable Split nearest(String task, Decided one, List<Neighbour> stored) {
    Search search = new Search();
    for (Neighbour each : stored) {
      StoredExample example = each.example();
      // What was decided since has another vector, or none.
      if (!decided.containsKey(new ExampleKey(task, example.id()))) {
        search.offer(example.id(), each.similarity(), example.split());
      }
    }
    decided.forEach(
        (key, other) -> {
          if (key.task().equals(task)) {
            search.offer(key.exampleId(), other.cosine(one), other.split());
          }
        });
    return search.split;
  }

  private @Nullable Split known(ExampleKey key) {
    Decided own = decided.get(key);
    return own != null
        ? own.split()
        : memory.task(key.task()).get(key.exampleId()).map(StoredExample::split).orElse(null);
  }

  static Split ofHash(String text) {
    double draw = (NearDuplicates.hash(text) >>> 11) * 0x1.0p-53;
    return draw < HOLDOUT_SHARE ? Split.HOLDOUT : Split.TRAIN;
  }

  /**
   * Whether the memory had no room for some examples of a task, whose splits are not known here.
   */
  boolean leavesOut(String task) {
    return memory.task(task).leavesOut();
  }

  synchronized boolean contains(String key) {
    return known(ExampleKey.of(key)) != null;
  }

  synchronized void remove(String key) {
    note(ExampleKey.of(key), Decided.REMOVED);
  }

  private void note(ExampleKey key, Decided what) {
    decided.put(key, what);
    if (decided.size() > MOST_DECIDED) {
      Iterator<ExampleKey> oldest = decided.keySet().iterator();
      oldest.next();
      oldest.remove();
    }
  }

  /** The topic has told of an example: from now on it is as the memory has it. */
  synchronized void settled(ExampleKey key) {
    decided.remove(key);
  }

  /** Forgets what has not come back through the topic. */
  synchronized void clear() {
    decided.clear();
  }
}
