package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Split;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.NearDuplicates;
import io.fewshot.memory.StoredExample;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

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

  private final ConcurrentMap<String, ConcurrentMap<String, Entry>> tasks =
      new ConcurrentHashMap<>();

  private record Entry(StoredExample example, Split split) {}

  private record Near(Entry entry, double cosine) {}

  /** The example's split; decided, and noted, when it has none yet. */
  synchronized Split assign(EncodedExample.Builder example) {
    Map<String, Entry> task = task(example.getTask());
    Entry own = task.get(example.getExampleId());
    StoredExample stored =
        stored(
            example.getTask(), example.getExampleId(), example.getEncodedBy(), example.getVector());
    Split split =
        own == null
            ? ofNearest(task, stored).orElseGet(() -> ofHash(example.getInput()))
            : own.split();
    task.put(example.getExampleId(), new Entry(stored, split));
    return split;
  }

  private static Optional<Split> ofNearest(Map<String, Entry> task, StoredExample example) {
    return task.values().stream()
        .map(entry -> new Near(entry, NearDuplicates.cosine(entry.example(), example)))
        .filter(near -> near.cosine() > ALIKE)
        .max(
            Comparator.comparingDouble(Near::cosine)
                .thenComparing(near -> near.entry().example().id()))
        .map(near -> near.entry().split());
  }

  static Split ofHash(String text) {
    double draw = (NearDuplicates.hash(text) >>> 11) * 0x1.0p-53;
    return draw < HOLDOUT_SHARE ? Split.HOLDOUT : Split.TRAIN;
  }

  boolean contains(String key) {
    ExampleKey at = ExampleKey.of(key);
    return task(at.task()).containsKey(at.exampleId());
  }

  void put(EncodedExample example) {
    task(example.getTask())
        .put(
            example.getExampleId(),
            new Entry(
                stored(
                    example.getTask(),
                    example.getExampleId(),
                    example.getEncodedBy(),
                    example.getVector()),
                Split.valueOf(example.getSplit())));
  }

  void remove(String key) {
    ExampleKey at = ExampleKey.of(key);
    task(at.task()).remove(at.exampleId());
  }

  void clear() {
    tasks.clear();
  }

  private ConcurrentMap<String, Entry> task(String name) {
    return tasks.computeIfAbsent(name, key -> new ConcurrentHashMap<>());
  }

  private static StoredExample stored(String task, String id, String encoder, ByteBuffer vector) {
    return new StoredExample(
        task, id, "", "", java.time.Instant.EPOCH, encoder, InternalSerde.vector(vector));
  }
}
