package io.fewshot.memory;

import java.time.Instant;

/** Small examples whose vectors are easy to see through. */
final class MemoryFixtures {

  static final String TASK = "support";
  static final String ENCODER = "test-encoder";

  private MemoryFixtures() {}

  static StoredExample example(String id, String input, String output, float... direction) {
    return encoded(ENCODER, id, input, output, direction);
  }

  static StoredExample encoded(
      String encoder, String id, String input, String output, float... direction) {
    return new StoredExample(TASK, id, input, output, Instant.EPOCH, encoder, unit(direction));
  }

  static Embedding query(float... direction) {
    return new Embedding(ENCODER, unit(direction));
  }

  private static float[] unit(float... direction) {
    float norm = (float) Math.sqrt(Embedding.dot(direction, direction));
    float[] unit = new float[direction.length];
    for (int i = 0; i < unit.length; i++) {
      unit[i] = direction[i] / norm;
    }
    return unit;
  }
}
