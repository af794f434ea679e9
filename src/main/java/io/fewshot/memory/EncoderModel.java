package io.fewshot.memory;

import io.fewshot.prompt.Language;
import java.util.Arrays;
import java.util.List;

/**
 * The sentence encoders that come with the application. Both are BERT models whose sentence vector
 * is the normalized last hidden state of the {@code [CLS]} token (Xiao et al. 2023, "C-Pack").
 *
 * <p>bge's query instruction is left out on purpose: a message and an example are the same kind of
 * text, so both sides are encoded alike.
 */
enum EncoderModel {
  BGE_SMALL_EN(
      "bge-small-en-v1.5",
      384,
      12,
      new File(
          "bge-small-en-v1.5.onnx",
          "828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35"),
      new File(
          "bge-small-en-v1.5-tokenizer.json",
          "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66"),
      new Probe(
          -0.03436f, -0.02617f, 0.03296f, 0.01024f, 0.00313f, -0.03877f, 0.07027f, 0.03093f,
          0.03600f, -0.02043f, 0.05117f, -0.03955f, 0.00483f, 0.02403f, 0.02471f, 0.01499f)),
  BGE_SMALL_ZH(
      "bge-small-zh-v1.5",
      512,
      8,
      new File(
          "bge-small-zh-v1.5.onnx",
          "69a0b846f4f116b5e6aabf9546ea6754d02264f3211a13a1bd69b31b8040749a"),
      new File(
          "bge-small-zh-v1.5-tokenizer.json",
          "48cea5d44424912a6fd1ea647bf4fe50b55ab8b1e5879c3275f80e339e8fae26"),
      new Probe(
          0.09797f, 0.02523f, 0.01444f, -0.03219f, -0.03002f, -0.00461f, -0.03839f, 0.02148f,
          0.03058f, -0.04906f, 0.02920f, -0.29444f, -0.03558f, -0.01485f, 0.01201f, -0.02873f));

  /** A file on the class path and the hash that it must have. */
  record File(String name, String sha256) {}

  /** The beginning of the fp32 vector of a text, to know another way of computing it by. */
  @SuppressWarnings("ArrayRecordComponent")
  record Probe(float... beginning) {

    static final String TEXT = "Where is my card? 我的卡在哪里？";

    /** Of the beginnings. */
    double cosine(float[] vector) {
      float[] other = Arrays.copyOf(vector, beginning.length);
      double lengths = Embedding.dot(beginning, beginning) * Embedding.dot(other, other);
      return Embedding.dot(beginning, other) / Math.sqrt(lengths);
    }
  }

  private final String label;
  private final int dimension;
  private final int heads;
  private final File network;
  private final File tokenizer;
  private final Probe probe;

  EncoderModel(String label, int dimension, int heads, File network, File tokenizer, Probe probe) {
    this.label = label;
    this.dimension = dimension;
    this.heads = heads;
    this.network = network;
    this.tokenizer = tokenizer;
    this.probe = probe;
  }

  /** The model for texts of {@code language}, which is not {@link Language#AUTO}. */
  static EncoderModel of(Language language) {
    return switch (language) {
      case EN -> BGE_SMALL_EN;
      case ZH -> BGE_SMALL_ZH;
      case AUTO -> throw new IllegalArgumentException("AUTO is decided for each text");
    };
  }

  String label() {
    return label;
  }

  int dimension() {
    return dimension;
  }

  /** Attention heads of each layer. */
  int heads() {
    return heads;
  }

  Probe probe() {
    return probe;
  }

  File network() {
    return network;
  }

  File tokenizer() {
    return tokenizer;
  }

  List<File> files() {
    return List.of(network, tokenizer);
  }
}
