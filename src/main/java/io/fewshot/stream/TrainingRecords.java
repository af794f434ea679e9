package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.SchemaRejectedException;
import io.fewshot.event.Split;
import io.fewshot.event.Topics;
import io.fewshot.event.TrainingExample;
import io.fewshot.event.internal.EncodedExample;
import java.time.Instant;

/** Writes examples as records of the fine-tuning data set. */
final class TrainingRecords {

  private final String topic;
  private final RecordCodec<TrainingExample> codec;
  private boolean ready;

  TrainingRecords(Topics topics, Codecs codecs) {
    this.topic = topics.sftDataset().name();
    this.codec = codecs.codec(TrainingExample.class);
  }

  /**
   * Whether the schema's id is known: from then on writing never needs the registry. Asked before a
   * store is changed, so that nothing is half done when the registry is away.
   */
  boolean ready() {
    if (!ready) {
      try {
        codec.encode(topic, record("", "", "", "", "", Split.TRAIN, Instant.EPOCH));
        ready = true;
      } catch (RegistryUnavailableException | SchemaRejectedException e) {
        // Of which the health of the registry tells.
        return false;
      }
    }
    return true;
  }

  byte[] of(EncodedExample example) {
    return codec.encode(
        topic,
        record(
            example.getInput(),
            example.getOutput(),
            example.getTask(),
            example.getExampleId(),
            example.getLabeler(),
            Split.valueOf(example.getSplit()),
            example.getCreatedAt()));
  }

  private static TrainingExample record(
      String input,
      String output,
      String task,
      String exampleId,
      String labeler,
      Split split,
      Instant createdAt) {
    return TrainingExample.newBuilder()
        .setInput(input)
        .setOutput(output)
        .setTask(task)
        .setExampleId(exampleId)
        .setLabeler(labeler)
        .setSplit(split)
        .setCreatedAt(createdAt)
        .build();
  }
}
