package io.fewshot.training;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Split;
import io.fewshot.event.TrainingExample;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * One task's fine-tuning data, as the topic {@code sft-dataset} had it when it was read.
 *
 * @param examples by key
 * @param offsets where each partition of the topic ended
 * @param removals where records of the task were removed: partition and offset
 */
record Dataset(
    String task,
    Map<String, TrainingExample> examples,
    Map<Integer, Long> offsets,
    List<Place> removals) {

  /** Where a record is in its topic. */
  record Place(int partition, long offset) {}

  static Dataset read(Connection connection, String task) {
    Map<String, TrainingExample> examples = new TreeMap<>();
    List<Place> removals = new ArrayList<>();
    String prefix = task + "/";
    Map<Integer, Long> offsets =
        connection.readToEnd(
            connection.topics().sftDataset(),
            record -> {
              if (record.key() == null || !record.key().startsWith(prefix)) {
                return;
              }
              if (record.value() == null) {
                examples.remove(record.key());
                removals.add(new Place(record.partition(), record.offset()));
              } else {
                connection
                    .decode(TrainingExample.class, record)
                    .filter(example -> !example.getInput().isBlank())
                    .ifPresent(example -> examples.put(record.key(), example));
              }
            });
    return new Dataset(task, examples, offsets, removals);
  }

  List<Map.Entry<String, TrainingExample>> of(Split split) {
    return examples.entrySet().stream().filter(e -> e.getValue().getSplit() == split).toList();
  }

  /** Whether something was removed after these offsets, which an older release still knows. */
  boolean removedSince(Map<String, Long> since) {
    return removals.stream()
        .anyMatch(
            place ->
                place.offset()
                    >= since.getOrDefault(Integer.toString(place.partition()), Long.MAX_VALUE));
  }

  /** As a release carries them. */
  Map<String, Long> releaseOffsets() {
    Map<String, Long> named = new TreeMap<>();
    offsets.forEach((partition, offset) -> named.put(Integer.toString(partition), offset));
    return named;
  }

  /** The vectors that the cluster made of the task's examples, where input and key are the same. */
  Map<String, Embedding> knownVectors(Connection connection) {
    Deserializer<EncodedExample> deserializer = InternalSerde.encodedExample().deserializer();
    Map<String, Embedding> vectors = new HashMap<>();
    connection.readToEnd(
        connection.topics().encodedExamples(),
        record -> {
          TrainingExample example = record.key() == null ? null : examples.get(record.key());
          if (example == null) {
            return;
          }
          vectors.remove(record.key());
          if (record.value() != null) {
            EncodedExample encoded = deserializer.deserialize(record.topic(), record.value());
            if (encoded.getInput().equals(example.getInput())) {
              vectors.put(
                  record.key(),
                  new Embedding(encoded.getEncodedBy(), InternalSerde.vector(encoded.getVector())));
            }
          }
        });
    return vectors;
  }
}
