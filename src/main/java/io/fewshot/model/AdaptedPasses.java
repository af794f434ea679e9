package io.fewshot.model;

import ai.djl.ndarray.NDManager;
import io.fewshot.model.Decoder.Next;
import io.fewshot.model.Decoder.Sequence;
import io.fewshot.model.LoraProgram.Loaded;
import java.util.Arrays;
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

  /** Of each adapter. A task has one instruction, so little is kept. */
  private static final long MAX_CACHE_BYTES = 16L << 20;

  private final Decoder decoder;
  private final Lanes lanes;
  private final int maxTokens;
  private final GgufTokenizer tokenizer;
  private final Map<LoraAdapter, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);
  private @Nullable LoraProgram program;

  /** An adapter, and the prompts' fronts as it computes them: no other version may read those. */
  private record Kept(Loaded loaded, PrefixCache prefixes) implements AutoCloseable {

    @Override
    public void close() {
      prefixes.close();
      loaded.close();
    }
  }

  private interface Pass {
    float[][] run(LoraProgram program, NDManager pass, Loaded adapter, List<int[]> sequences);
  }

  AdaptedPasses(Decoder decoder, GgufTokenizer tokenizer, Lanes lanes, int maxTokens) {
    this.decoder = decoder;
    this.tokenizer = tokenizer;
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

  /** Greedy continuations. */
  List<Generated> generate(LoraAdapter adapter, List<Generation> requests) {
    LoraProgram running = program();
    Kept found = kept(running, adapter);
    try {
      return new Generator(
              sequences -> next(running, found.loaded, sequences), tokenizer, found.prefixes)
          .generate(requests, lanes);
    } finally {
      found.prefixes.trim();
    }
  }

  private List<Next> next(LoraProgram running, Loaded adapter, List<Sequence> sequences) {
    try (NDManager pass = decoder.manager().newSubManager()) {
      return running.next(pass, adapter, sequences);
    }
  }

  private List<float[]> run(LoraAdapter adapter, List<int[]> sequences, Pass kind) {
    LoraProgram running = program();
    Loaded loaded = kept(running, adapter).loaded;
    float[][] results = new float[sequences.size()][];
    int[] lengths = sequences.stream().mapToInt(sequence -> sequence.length).toArray();
    List<List<Integer>> passes = LengthPasses.of(lengths, maxTokens, lanes.count());
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

  private Kept kept(LoraProgram running, LoraAdapter adapter) {
    Kept found = kept.get(adapter);
    if (found == null) {
      Loaded loaded = running.load(decoder.manager(), adapter);
      PrefixCache prefixes =
          new PrefixCache(
              MAX_CACHE_BYTES,
              decoder::pastBytes,
              tokens ->
                  next(running, loaded, List.of(new Sequence(TokenTree.plain(0, tokens), null)))
                      .get(0)
                      .past());
      found = new Kept(loaded, prefixes);
      kept.put(adapter, found);
      Iterator<Kept> oldest = kept.values().iterator();
      if (kept.size() > MOST_KEPT) {
        oldest.next().close();
        oldest.remove();
      }
    }
    return found;
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
    kept.values().forEach(Kept::close);
    kept.clear();
    if (program != null) {
      program.close();
    }
  }
}
