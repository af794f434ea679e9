package io.fewshot.model;

import ai.djl.ndarray.NDManager;
import io.fewshot.model.LoraProgram.Loaded;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Forward passes with adapters on a model's weights. The adapters last used are kept where they are
 * computed with; who asks with one need not load or free it, so two versions can serve at a time.
 * For one caller at a time; owns what it keeps, neither the decoder nor the lanes.
 */
final class AdaptedPasses implements AutoCloseable {

  private static final int MOST_KEPT = 8;

  private final Decoder decoder;
  private final Lanes lanes;
  private final int maxTokens;
  private final Map<LoraAdapter, Loaded> kept = new LinkedHashMap<>(16, 0.75f, true);
  private @Nullable LoraProgram program;

  private interface Pass {
    float[][] run(LoraProgram program, NDManager pass, Loaded adapter, List<int[]> sequences);
  }

  AdaptedPasses(Decoder decoder, Lanes lanes, int maxTokens) {
    this.decoder = decoder;
    this.lanes = lanes;
    this.maxTokens = maxTokens;
  }

  /** Probabilities of the labels after each sequence. */
  List<double[]> classify(LoraAdapter adapter, List<int[]> sequences) {
    return run(adapter, sequences, LoraProgram::classify).stream()
        .map(AdaptedPasses::softmax)
        .toList();
  }

  List<float[]> hidden(LoraAdapter adapter, List<int[]> sequences) {
    return run(adapter, sequences, LoraProgram::hidden);
  }

  private List<float[]> run(LoraAdapter adapter, List<int[]> sequences, Pass kind) {
    LoraProgram running = program();
    Loaded loaded = loaded(running, adapter);
    float[][] results = new float[sequences.size()][];
    List<List<Integer>> passes = passes(sequences);
    List<float[][]> found =
        lanes.run(
            passes,
            places -> {
              try (NDManager pass = decoder.manager().newSubManager()) {
                return kind.run(
                    running, pass, loaded, places.stream().map(sequences::get).toList());
              }
            });
    for (int p = 0; p < passes.size(); p++) {
      for (int i = 0; i < found.get(p).length; i++) {
        results[passes.get(p).get(i)] = found.get(p)[i];
      }
    }
    return Arrays.asList(results);
  }

  private LoraProgram program() {
    LoraProgram running = program;
    if (running == null) {
      if (decoder.precision() == Precision.INT8) {
        throw new ModelException("Adapters cannot be used in int8; set fewshot.dtype to auto");
      }
      running = new LoraProgram(decoder);
      program = running;
    }
    return running;
  }

  private Loaded loaded(LoraProgram running, LoraAdapter adapter) {
    Loaded found = kept.get(adapter);
    if (found == null) {
      found = running.load(decoder.manager(), adapter);
      kept.put(adapter, found);
      Iterator<Loaded> oldest = kept.values().iterator();
      if (kept.size() > MOST_KEPT) {
        oldest.next().close();
        oldest.remove();
      }
    }
    return found;
  }

  /** Sequences of about the same length stand together, up to so many tokens. */
  private List<List<Integer>> passes(List<int[]> sequences) {
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < sequences.size(); i++) {
      places.add(i);
    }
    places.sort(Comparator.comparingInt(i -> sequences.get(i).length));
    List<List<Integer>> passes = new ArrayList<>();
    int from = 0;
    int tokens = 0;
    for (int i = 0; i < places.size(); i++) {
      int length = sequences.get(places.get(i)).length;
      if (i > from && tokens + length > maxTokens) {
        passes.add(places.subList(from, i));
        from = i;
        tokens = 0;
      }
      tokens += length;
    }
    if (from < places.size()) {
      passes.add(places.subList(from, places.size()));
    }
    return passes;
  }

  private static double[] softmax(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double[] p = new double[logits.length];
    double total = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(logits[i] - max);
      total += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= total;
    }
    return p;
  }

  @Override
  public void close() {
    kept.values().forEach(Loaded::close);
    kept.clear();
    if (program != null) {
      program.close();
    }
  }
}
