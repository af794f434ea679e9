package io.fewshot.stream;

import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.TaskDefinition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Gives examples their vectors and splits and remembers them, so that nothing is encoded twice: not
 * when a record is replayed, and not after a restart.
 */
final class ExampleVectors {

  private final KeyValueStore<String, EncodedExample> store;
  private TextEncoder encoder;
  private final SplitBook splits;
  private final int batch;

  /** An example, all set but its vector and split. */
  record Draft(EncodedExample.Builder example, Language language, long time) {

    /**
     * @param time of its record, in milliseconds since the epoch
     */
    static Draft of(Example example, Language language, long time) {
      Instant createdAt = example.getCreatedAt();
      EncodedExample.Builder draft =
          EncodedExample.newBuilder()
              .setTask(example.getTask())
              .setExampleId(example.getExampleId())
              .setInput(example.getInput())
              .setOutput(example.getOutput())
              .setSource(example.getSource())
              .setLabeler(example.getLabeler())
              .setCreatedAt(createdAt == null ? Instant.ofEpochMilli(time) : createdAt);
      return new Draft(draft, language, time);
    }

    String key() {
      return Topics.exampleKey(example.getTask(), example.getExampleId());
    }
  }

  /**
   * An example with its vector and split, to be written under its key.
   *
   * @param teaches whether the data set does not have it like this yet
   */
  record Encoded(String key, EncodedExample example, long time, boolean teaches) {}

  /**
   * @param batch how many texts are encoded in one go
   */
  ExampleVectors(
      KeyValueStore<String, EncodedExample> store,
      TextEncoder encoder,
      SplitBook splits,
      int batch) {
    this.store = store;
    this.encoder = encoder;
    this.splits = splits;
    this.batch = batch;
  }

  /** From now on vectors come from here; what is computed must be the same. */
  void encodeBy(TextEncoder by) {
    encoder = by;
  }

  /** Whether an example has its vector already. */
  boolean isStored(Example example, Language language) {
    EncodedExample stored = store.get(Topics.exampleKey(example.getTask(), example.getExampleId()));
    return stored != null
        && stored.getInput().equals(example.getInput())
        && stored.getEncodedBy().equals(encoder.name(language, stored.getInput()));
  }

  /** Completes the drafts, in order. */
  List<Encoded> encode(List<Draft> drafts) {
    Map<Language, List<Draft>> missing =
        drafts.stream()
            .filter(draft -> !takeStoredVector(draft))
            .collect(Collectors.groupingBy(Draft::language, TreeMap::new, Collectors.toList()));
    missing.forEach(this::encode);
    List<Encoded> encoded = new ArrayList<>();
    for (int from = 0, to; from < drafts.size(); from = to) {
      String task = drafts.get(from).example().getTask();
      to = from + 1;
      while (to < drafts.size() && drafts.get(to).example().getTask().equals(task)) {
        to++;
      }
      complete(task, drafts.subList(from, to), encoded);
    }
    return encoded;
  }

  private void complete(String task, List<Draft> drafts, List<Encoded> encoded) {
    if (splits.leavesOut(task)) {
      // Those that the memory had no room for keep their splits all the same.
      drafts.forEach(this::takeStoredSplit);
    }
    List<SplitBook.Assigned> assigned =
        splits.assign(task, drafts.stream().map(Draft::example).toList());
    for (int i = 0; i < drafts.size(); i++) {
      Draft draft = drafts.get(i);
      String key = draft.key();
      EncodedExample before = assigned.get(i).known() ? store.get(key) : null;
      EncodedExample example = draft.example().setSplit(assigned.get(i).split().name()).build();
      store.put(key, example);
      encoded.add(
          new Encoded(key, example, draft.time(), before == null || !sameRecord(before, example)));
    }
  }

  private void takeStoredSplit(Draft draft) {
    EncodedExample stored = store.get(draft.key());
    if (stored != null) {
      draft.example().setSplit(stored.getSplit());
    }
  }

  /** An import that is repeated brings a new time and nothing else. */
  private static boolean sameRecord(EncodedExample before, EncodedExample example) {
    return before.getInput().equals(example.getInput())
        && before.getOutput().equals(example.getOutput())
        && before.getLabeler().equals(example.getLabeler())
        && before.getSplit().equals(example.getSplit());
  }

  void remove(String key) {
    store.delete(key);
    splits.remove(key);
  }

  /** Encodes anew what another encoder made than the one that the task's language asks for. */
  List<Encoded> follow(TaskDefinition task, long time) {
    List<Draft> drafts = new ArrayList<>();
    String prefix = Topics.exampleKey(task.task(), "");
    try (KeyValueIterator<String, EncodedExample> all =
        store.prefixScan(prefix, new StringSerializer())) {
      while (all.hasNext()) {
        KeyValue<String, EncodedExample> entry = all.next();
        // One that was removed through another partition lies here still, and must not come back.
        if (splits.contains(entry.key) && !isOf(entry.value, task.language())) {
          drafts.add(new Draft(EncodedExample.newBuilder(entry.value), task.language(), time));
        }
      }
    }
    List<Encoded> encoded = new ArrayList<>();
    for (int from = 0; from < drafts.size(); from += batch) {
      encoded.addAll(encode(drafts.subList(from, Math.min(drafts.size(), from + batch))));
    }
    return encoded;
  }

  private boolean isOf(EncodedExample stored, Language language) {
    return stored.getEncodedBy().equals(encoder.name(language, stored.getInput()));
  }

  private boolean takeStoredVector(Draft draft) {
    EncodedExample stored = store.get(draft.key());
    if (stored == null
        || !stored.getInput().equals(draft.example().getInput())
        || !isOf(stored, draft.language())) {
      return false;
    }
    draft.example().setEncodedBy(stored.getEncodedBy()).setVector(stored.getVector());
    return true;
  }

  private void encode(Language language, List<Draft> drafts) {
    List<Embedding> embeddings =
        encoder.encode(language, drafts.stream().map(draft -> draft.example().getInput()).toList());
    for (int i = 0; i < drafts.size(); i++) {
      Embedding embedding = embeddings.get(i);
      drafts
          .get(i)
          .example()
          .setEncodedBy(embedding.encoder())
          .setVector(InternalSerde.bytes(embedding.vector()));
    }
  }
}
