package io.fewshot.memory;

/**
 * A text's unit vector and the encoder that made it.
 *
 * @param encoder {@link Encoder#name()}: only vectors of the same encoder can be compared
 * @param vector of length 1, as many dimensions as the encoder has; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent")
public record Embedding(String encoder, float[] vector) {}
