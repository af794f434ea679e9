package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.TaskDefinition;
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
 * Gives examples their vectors and remembers them, so that nothing is encoded twice: not when a
 * record is replayed, and not after a restart.
 */
final class ExampleVectors {

  private final KeyValueStore<String, EncodedExample> store;
  private final TextEncoder encoder;
  private final int batch;

  /** An example, all set but its vector. */
  record Draft(EncodedExample.Builder example, Language language, long time) {

    String key() {
      return Topics.exampleKey(example.getTask(), example.getExampleId());
    }
  }

  /** An example with its vector, to be written under its key. */
  record Encoded(String key, EncodedExample example, long time) {}

  /**
   * @param batch how many texts are encoded in one go
   */
  ExampleVectors(KeyValueStore<String, EncodedExample> store, TextEncoder encoder, int batch) {
    this.store = store;
    this.encoder = encoder;
    this.batch = batch;
  }

  /** Completes the drafts, in order. */
  List<Encoded> encode(List<Draft> drafts) {
    Map<Language, List<Draft>> missing =
        drafts.stream()
            .filter(draft -> !takeStoredVector(draft))
            .collect(Collectors.groupingBy(Draft::language, TreeMap::new, Collectors.toList()));
    missing.forEach(this::encode);
    List<Encoded> encoded = new ArrayList<>();
    for (Draft draft : drafts) {
      EncodedExample example = draft.example().build();
      store.put(draft.key(), example);
      encoded.add(new Encoded(draft.key(), example, draft.time()));
    }
    return encoded;
  }

  void remove(String key) {
    store.delete(key);
  }

  /** Encodes anew what another encoder made than the one that the task's language asks for. */
  List<Encoded> follow(TaskDefinition task, long time) {
    List<Draft> drafts = new ArrayList<>();
    String prefix = Topics.exampleKey(task.task(), "");
    try (KeyValueIterator<String, EncodedExample> all =
        store.prefixScan(prefix, new StringSerializer())) {
      while (all.hasNext()) {
        KeyValue<String, EncodedExample> entry = all.next();
        if (!isOf(entry.value, task.language())) {
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
