package io.fewshot.memory;

import io.fewshot.prompt.Language;
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
      new File(
          "bge-small-en-v1.5.onnx",
          "828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35"),
      new File(
          "bge-small-en-v1.5-tokenizer.json",
          "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66")),
  BGE_SMALL_ZH(
      "bge-small-zh-v1.5",
      512,
      new File(
          "bge-small-zh-v1.5.onnx",
          "69a0b846f4f116b5e6aabf9546ea6754d02264f3211a13a1bd69b31b8040749a"),
      new File(
          "bge-small-zh-v1.5-tokenizer.json",
          "48cea5d44424912a6fd1ea647bf4fe50b55ab8b1e5879c3275f80e339e8fae26"));

  /** A file on the class path and the hash that it must have. */
  record File(String name, String sha256) {}

  private final String label;
  private final int dimension;
  private final File network;
  private final File tokenizer;

  EncoderModel(String label, int dimension, File network, File tokenizer) {
    this.label = label;
    this.dimension = dimension;
    this.network = network;
    this.tokenizer = tokenizer;
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
