package io.fewshot.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A model of a few thousand random weights, with a vocabulary of all bytes, a few merges and three
 * control tokens: everything the engine does, in milliseconds.
 */
public final class TinyModel {

  static final int LAYERS = 2;
  static final int WIDTH = 32;
  static final int HEADS = 4;
  static final int KEY_VALUE_HEADS = 2;
  static final int HEAD = 8;
  static final int INNER = 48;
  static final int CONTEXT = 512;
  static final String START = "<|im_start|>";
  static final String END = "<|im_end|>";

  private TinyModel() {}

  static List<String> vocabulary() {
    List<String> tokens = new ArrayList<>(List.of("<|endoftext|>", START, END));
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174;
      tokens.add(Character.toString(printable ? b : next++));
    }
    tokens.addAll(List.of("ab", "abc"));
    return tokens;
  }

  /**
   * @param family llama or qwen2; the latter has biases
   */
  public static GgufWriter of(String family, long seed) {
    List<String> tokens = vocabulary();
    List<Integer> types = new ArrayList<>();
    for (int id = 0; id < tokens.size(); id++) {
      types.add(id < 3 ? 3 : 1);
    }
    GgufWriter gguf =
        new GgufWriter()
            .put("general.architecture", family)
            .put(family + ".block_count", LAYERS)
            .put(family + ".context_length", CONTEXT)
            .put(family + ".embedding_length", WIDTH)
            .put(family + ".feed_forward_length", INNER)
            .put(family + ".attention.head_count", HEADS)
            .put(family + ".attention.head_count_kv", KEY_VALUE_HEADS)
            .put(family + ".rope.freq_base", 1000f)
            .put(family + ".attention.layer_norm_rms_epsilon", 1e-5f)
            .put("tokenizer.ggml.model", "gpt2")
            .put("tokenizer.ggml.pre", family.equals("llama") ? "smollm" : "qwen2")
            .put("tokenizer.ggml.tokens", tokens)
            .put("tokenizer.ggml.token_type", types)
            .put("tokenizer.ggml.merges", List.of("a b", "ab c"))
            .put("tokenizer.ggml.eos_token_id", 2);
    Random random = new Random(seed);
    int vocabulary = tokens.size();
    matrix(gguf, random, "token_embd.weight", vocabulary, WIDTH);
    vector(gguf, random, "output_norm.weight", WIDTH, 1);
    if (family.equals("qwen2")) {
      matrix(gguf, random, "output.weight", vocabulary, WIDTH);
    }
    for (int layer = 0; layer < LAYERS; layer++) {
      String block = "blk." + layer + ".";
      vector(gguf, random, block + "attn_norm.weight", WIDTH, 1);
      vector(gguf, random, block + "ffn_norm.weight", WIDTH, 1);
      matrix(gguf, random, block + "attn_q.weight", HEADS * HEAD, WIDTH);
      matrix(gguf, random, block + "attn_k.weight", KEY_VALUE_HEADS * HEAD, WIDTH);
      matrix(gguf, random, block + "attn_v.weight", KEY_VALUE_HEADS * HEAD, WIDTH);
      if (family.equals("qwen2")) {
        vector(gguf, random, block + "attn_q.bias", HEADS * HEAD, 0);
        vector(gguf, random, block + "attn_k.bias", KEY_VALUE_HEADS * HEAD, 0);
        vector(gguf, random, block + "attn_v.bias", KEY_VALUE_HEADS * HEAD, 0);
      }
      matrix(gguf, random, block + "attn_output.weight", WIDTH, HEADS * HEAD);
      matrix(gguf, random, block + "ffn_gate.weight", INNER, WIDTH);
      matrix(gguf, random, block + "ffn_up.weight", INNER, WIDTH);
      matrix(gguf, random, block + "ffn_down.weight", WIDTH, INNER);
    }
    return gguf;
  }

  private static void matrix(GgufWriter gguf, Random random, String name, int rows, int columns) {
    gguf.tensor(name, rows, columns, values(random, rows * columns, 0, 0.3));
  }

  private static void vector(GgufWriter gguf, Random random, String name, int length, double mean) {
    gguf.tensor(name, 0, length, values(random, length, mean, 0.3));
  }

  private static float[] values(Random random, int length, double mean, double deviation) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) (mean + deviation * random.nextGaussian());
    }
    return values;
  }
}
