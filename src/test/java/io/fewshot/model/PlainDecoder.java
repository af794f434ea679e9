package io.fewshot.model;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * A decoder written as the papers have it, one token after the other in doubles: slow, simple, and
 * sharing nothing with the engine but the file. It is what the engine is compared with.
 */
final class PlainDecoder {

  private final Gguf gguf;
  private final boolean paired;
  private final String family;
  private final Map<String, double[]> cache = new HashMap<>();

  PlainDecoder(Gguf gguf) {
    this.gguf = gguf;
    this.family = gguf.string("general.architecture").orElseThrow();
    this.paired = family.equals("llama");
  }

  /** Natural logarithm of the likelihood of {@code answer} after {@code prompt}. */
  double logLikelihood(int[] prompt, int[] answer) {
    int[] all = new int[prompt.length + answer.length];
    System.arraycopy(prompt, 0, all, 0, prompt.length);
    System.arraycopy(answer, 0, all, prompt.length, answer.length);
    double[][] states = states(all);
    double sum = 0;
    for (int i = prompt.length; i < all.length; i++) {
      sum += logProbability(states[i - 1], all[i]);
    }
    return sum;
  }

  private double[][] states(int[] tokens) {
    int width = TinyModel.WIDTH;
    double[] embedding = weights("token_embd.weight");
    double[][] x = new double[tokens.length][];
    for (int t = 0; t < tokens.length; t++) {
      x[t] = java.util.Arrays.copyOfRange(embedding, tokens[t] * width, (tokens[t] + 1) * width);
    }
    for (int layer = 0; layer < TinyModel.LAYERS; layer++) {
      String block = "blk." + layer + ".";
      double[][] q = new double[tokens.length][];
      double[][] k = new double[tokens.length][];
      double[][] v = new double[tokens.length][];
      for (int t = 0; t < tokens.length; t++) {
        double[] n = norm(x[t], block + "attn_norm");
        q[t] = rotate(linear(n, block + "attn_q"), t);
        k[t] = rotate(linear(n, block + "attn_k"), t);
        v[t] = linear(n, block + "attn_v");
      }
      for (int t = 0; t < tokens.length; t++) {
        add(x[t], linear(attend(q[t], k, v, t), block + "attn_output"));
        double[] n = norm(x[t], block + "ffn_norm");
        double[] gate = linear(n, block + "ffn_gate");
        double[] up = linear(n, block + "ffn_up");
        for (int i = 0; i < gate.length; i++) {
          gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        add(x[t], linear(gate, block + "ffn_down"));
      }
    }
    return x;
  }

  private double[] attend(double[] q, double[][] k, double[][] v, int last) {
    int d = TinyModel.HEAD;
    double[] out = new double[q.length];
    for (int head = 0; head < TinyModel.HEADS; head++) {
      int from = head / (TinyModel.HEADS / TinyModel.KEY_VALUE_HEADS) * d;
      double[] weight = new double[last + 1];
      double total = 0;
      for (int t = 0; t <= last; t++) {
        double dot = 0;
        for (int i = 0; i < d; i++) {
          dot += q[head * d + i] * k[t][from + i];
        }
        weight[t] = Math.exp(dot / Math.sqrt(d));
        total += weight[t];
      }
      for (int t = 0; t <= last; t++) {
        for (int i = 0; i < d; i++) {
          out[head * d + i] += weight[t] / total * v[t][from + i];
        }
      }
    }
    return out;
  }

  /** Llama's files keep a pair's numbers side by side, Qwen2's half a head apart. */
  private double[] rotate(double[] x, int position) {
    int d = TinyModel.HEAD;
    double base = gguf.number(family + ".rope.freq_base").orElseThrow();
    double[] out = x.clone();
    for (int head = 0; head < x.length / d; head++) {
      for (int i = 0; i < d / 2; i++) {
        double angle = position * Math.pow(base, -2.0 * i / d);
        int a = head * d + (paired ? 2 * i : i);
        int b = head * d + (paired ? 2 * i + 1 : i + d / 2);
        out[a] = x[a] * Math.cos(angle) - x[b] * Math.sin(angle);
        out[b] = x[a] * Math.sin(angle) + x[b] * Math.cos(angle);
      }
    }
    return out;
  }

  private double logProbability(double[] state, int token) {
    String head = gguf.hasTensor("output.weight") ? "output.weight" : "token_embd.weight";
    double[] logits = multiply(norm(state, "output_norm"), weights(head));
    double total = 0;
    for (double logit : logits) {
      total += Math.exp(logit);
    }
    return logits[token] - Math.log(total);
  }

  private double[] norm(double[] x, String name) {
    double[] w = weights(name + ".weight");
    double sum = 0;
    for (double value : x) {
      sum += value * value;
    }
    double scale = 1 / Math.sqrt(sum / x.length + 1e-5);
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] * scale * w[i];
    }
    return out;
  }

  private double[] linear(double[] x, String name) {
    double[] out = multiply(x, weights(name + ".weight"));
    if (gguf.hasTensor(name + ".bias")) {
      add(out, weights(name + ".bias"));
    }
    return out;
  }

  private static double[] multiply(double[] x, double[] w) {
    double[] out = new double[w.length / x.length];
    for (int row = 0; row < out.length; row++) {
      for (int i = 0; i < x.length; i++) {
        out[row] += w[row * x.length + i] * x[i];
      }
    }
    return out;
  }

  private static void add(double[] to, double[] what) {
    for (int i = 0; i < to.length; i++) {
      to[i] += what[i];
    }
  }

  private double[] weights(String name) {
    return cache.computeIfAbsent(
        name,
        key -> {
          ByteBuffer stored = gguf.bytes(gguf.tensor(key));
          double[] values = new double[stored.remaining() / 4];
          for (int i = 0; i < values.length; i++) {
            values[i] = stored.getFloat();
          }
          return values;
        });
  }
}
