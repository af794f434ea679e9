package io.fewshot.stream;

import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.SaneTime;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import io.fewshot.stream.PatientEncoder.Wanted;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Gives examples their vectors and splits and remembers them, so that nothing is encoded twice: not
 * when a record is replayed, and not after a restart.
 */
final class ExampleVectors {

  /** Sorts behind all keys of a task, which go on with a slash. */
  private static final String AFTER_KEYS = "0";

  private final KeyValueStore<String, EncodedExample> store;
  private final PatientEncoder encoder;
  private final SplitBook splits;

  /** An example, all set but its vector and split. */
  record Draft(EncodedExample.Builder example, Language language) {

    /**
     * @param recordTime milliseconds since the epoch
     */
    static Draft of(Example example, Language language, long recordTime) {
      EncodedExample.Builder draft =
          EncodedExample.newBuilder()
              .setTask(example.getTask())
              .setExampleId(example.getExampleId())
              .setInput(example.getInput())
              .setOutput(example.getOutput())
              .setSource(example.getSource())
              .setLabeler(example.getLabeler())
              .setCreatedAt(SaneTime.of(example.getCreatedAt(), recordTime));
      return new Draft(draft, language);
    }

    String key() {
      return Topics.exampleKey(example.getTask(), example.getExampleId());
    }

    Wanted wanted() {
      return Wanted.of(language, example.getInput());
    }

    void setVector(Embedding embedding) {
      example.setEncodedBy(embedding.encoder()).setVector(InternalSerde.bytes(embedding.vector()));
    }
  }

  /**
   * An example with its vector and split, to be written under its key.
   *
   * @param teaches whether the data set does not have it like this yet
   */
  record Encoded(String key, EncodedExample example, boolean teaches) {}

  /**
   * Examples that another encoder made than the one that their task's language asks for.
   *
   * @param next where to go on; null at the end
   */
  record Outdated(List<Draft> drafts, @Nullable String next) {}

  ExampleVectors(
      KeyValueStore<String, EncodedExample> store, PatientEncoder encoder, SplitBook splits) {
    this.store = store;
    this.encoder = encoder;
    this.splits = splits;
  }

  /**
   * The text that must be encoded for a draft; empty when its vector was stored, which it then has.
   *
   * @throws io.fewshot.ladder.Answerer.NotReadyException when its encoder cannot be had now
   */
  Optional<Wanted> wanted(Draft draft, long now) {
    EncodedExample stored = store.get(draft.key());
    if (stored == null
        || !stored.getInput().equals(draft.example().getInput())
        || !stored.getEncodedBy().equals(encoder.name(draft.wanted(), now))) {
      return Optional.of(draft.wanted());
    }
    draft.example().setEncodedBy(stored.getEncodedBy()).setVector(stored.getVector());
    return Optional.empty();
  }

  /** Gives drafts with vectors their splits, in order, and remembers them. */
  List<Encoded> complete(List<Draft> drafts) {
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
      encoded.add(new Encoded(key, example, before == null || !sameRecord(before, example)));
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

  /**
   * The next examples of a task that are to be encoded anew for a language.
   *
   * @param from where to begin; null for the beginning
   * @param looked how many examples are looked at, at most
   * @param found how many are given, at most
   * @throws io.fewshot.ladder.Answerer.NotReadyException when an encoder cannot be had now
   */
  Outdated outdated(
      String task, Language language, @Nullable String from, int looked, int found, long now) {
    List<Draft> drafts = new ArrayList<>();
    int left = looked;
    try (KeyValueIterator<String, EncodedExample> all =
        store.range(from == null ? Topics.exampleKey(task, "") : from, task + AFTER_KEYS)) {
      while (all.hasNext()) {
        KeyValue<String, EncodedExample> entry = all.next();
        if (left-- == 0 || drafts.size() == found) {
          return new Outdated(drafts, entry.key);
        }
        Wanted wanted = Wanted.of(language, entry.value.getInput());
        // One that was removed through another partition lies here still, and must not come back.
        if (splits.contains(entry.key)
            && !entry.value.getEncodedBy().equals(encoder.name(wanted, now))) {
          drafts.add(new Draft(EncodedExample.newBuilder(entry.value), language));
        }
      }
    }
    return new Outdated(drafts, null);
  }

  /** Whether what lies in the store is still what the draft was made from, and was not removed. */
  boolean isCurrent(Draft draft) {
    EncodedExample stored = store.get(draft.key());
    return stored != null
        && splits.contains(draft.key())
        && stored.getInput().equals(draft.example().getInput())
        && stored.getOutput().equals(draft.example().getOutput());
  }
}
