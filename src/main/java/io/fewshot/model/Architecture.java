package io.fewshot.model;

import java.util.Locale;
import java.util.Set;

/**
 * The shape of a decoder, from a GGUF file's metadata.
 *
 * @param headWidth numbers of one attention head
 * @param pairedRope whether rotary pairs lie side by side in the stored query and key weights
 *     (llama) instead of half a head apart (qwen2)
 */
record Architecture(
    String family,
    int layers,
    int width,
    int heads,
    int keyValueHeads,
    int headWidth,
    int contextLength,
    int vocabulary,
    double ropeBase,
    float epsilon,
    boolean pairedRope) {

  private static final Set<String> FAMILIES = Set.of("llama", "qwen2");

  static Architecture of(Gguf gguf) {
    String family = gguf.require(gguf.string("general.architecture"), "general.architecture");
    if (!FAMILIES.contains(family)) {
      throw new ModelException(
          "Model file %s is of architecture %s; take one of %s"
              .formatted(gguf.file(), family, FAMILIES));
    }
    String scaling = gguf.string(family + ".rope.scaling.type").orElse("none");
    if (!scaling.toLowerCase(Locale.ROOT).equals("none")) {
      throw new ModelException(
          "Model file %s stretches its context by %s scaling, which is not supported; take a model without it"
              .formatted(gguf.file(), scaling));
    }
    int width = size(gguf, family, "embedding_length");
    int heads = size(gguf, family, "attention.head_count");
    int headWidth =
        gguf.integer(family + ".attention.key_length")
            .map(Math::toIntExact)
            .orElseGet(() -> width / heads);
    long rotated = gguf.integer(family + ".rope.dimension_count").orElse((long) headWidth);
    int keyValueHeads =
        gguf.integer(family + ".attention.head_count_kv").map(Math::toIntExact).orElse(heads);
    if (rotated != headWidth || headWidth % 2 != 0 || heads % keyValueHeads != 0) {
      throw new ModelException(
          "Model file %s rotates %d of %d numbers of a head, with %d heads on %d: this is not supported"
              .formatted(gguf.file(), rotated, headWidth, heads, keyValueHeads));
    }
    String epsilonKey = family + ".attention.layer_norm_rms_epsilon";
    return new Architecture(
        family,
        size(gguf, family, "block_count"),
        width,
        heads,
        keyValueHeads,
        headWidth,
        size(gguf, family, "context_length"),
        gguf.tensor("token_embd.weight").rows(),
        gguf.number(family + ".rope.freq_base").orElse(10000.0),
        (float) (double) gguf.require(gguf.number(epsilonKey), epsilonKey),
        family.equals("llama"));
  }

  private static int size(Gguf gguf, String family, String name) {
    String key = family + "." + name;
    long value = gguf.require(gguf.integer(key), key);
    if (value < 1 || value > 1 << 24) {
      throw new ModelException("Model file %s has %s = %d".formatted(gguf.file(), key, value));
    }
    return (int) value;
  }

  /** Bytes of the keys and values of one token, at {@code bytes} a number. */
  long cacheBytesPerToken(int bytes) {
    return 2L * layers * keyValueHeads * headWidth * bytes;
  }
}
