package io.fewshot.memory;

/**
 * A text's unit vector and the encoder that made it.
 *
 * @param encoder {@link Encoder#name()}: only vectors of the same encoder can be compared
 * @param vector of length 1, as many dimensions as the encoder has; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent")
public record Embedding(String encoder, float[] vector) {

  /** Inner product of two vectors of the same length. */
  public static float dot(float[] a, float[] b) {
    // Independent sums keep the units for fused multiplication and addition busy.
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = 0;
    for (int end = a.length - 3; i < end; i += 4) {
      s0 = Math.fma(a[i], b[i], s0);
      s1 = Math.fma(a[i + 1], b[i + 1], s1);
      s2 = Math.fma(a[i + 2], b[i + 2], s2);
      s3 = Math.fma(a[i + 3], b[i + 3], s3);
    }
    float sum = (s0 + s1) + (s2 + s3);
    for (; i < a.length; i++) {
      sum = Math.fma(a[i], b[i], sum);
    }
    return sum;
  }
}
