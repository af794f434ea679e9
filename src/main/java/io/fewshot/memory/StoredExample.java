package io.fewshot.memory;

import java.time.Instant;

/**
 * An example with its embedding.
 *
 * @param encoder name of the encoder that made the vector
 * @param vector of length 1, as many dimensions as the encoder has; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent")
public record StoredExample(
    String task,
    String id,
    String input,
    String output,
    Instant createdAt,
    String encoder,
    float[] vector) {

  /** Of a time that does not matter. */
  public static StoredExample undated(
      String task, String id, String input, String output, Embedding embedding) {
    return new StoredExample(
        task, id, input, output, Instant.EPOCH, embedding.encoder(), embedding.vector());
  }
}
