package io.fewshot.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.tracker.ParameterTracker;
import io.fewshot.model.LoraProgram.Learned;
import io.fewshot.model.LoraProgram.Loaded;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Trains an adapter, and the head of a classifier, on a model's frozen weights. A step's samples
 * are cut into passes of bounded memory, whose gradients add up. For one thread at a time; the
 * model can answer between two steps. Owns its parameters, not the model.
 */
public final class FineTuner implements AutoCloseable {

  private static final String ADAPTER = "adapter";
  private static final List<String> NAMES = List.of(ADAPTER, "head");

  private final TorchLanguageModel model;
  private final LoraConfig config;
  private final List<String> labels;
  private final Options options;
  private final NDManager manager;
  private final LoraProgram program;
  private final Loaded adapter;
  private final List<NDArray> parameters;
  private final TrackedAdamW optimizer;
  private final Lanes lanes;

  /**
   * How to train.
   *
   * @param rate learning rate of the adapter by step, from 1 on
   * @param headRate the same of the head
   * @param decay of the weights, as AdamW has it
   * @param maxNorm a step's gradient is cut to this length
   * @param smoothing of the labels, in [0, 1)
   * @param passTokens of one pass: memory grows with it, and with the number of cores
   */
  public record Options(
      IntToDoubleFunction rate,
      IntToDoubleFunction headRate,
      double decay,
      double maxNorm,
      double smoothing,
      int passTokens) {}

  /**
   * What a step did.
   *
   * @param loss before it
   * @param norm of the gradient before it was cut; a step whose norm is no number changes nothing
   */
  public record Step(double loss, double norm, int tokens) {}

  FineTuner(TorchLanguageModel model, LoraAdapter start, Options options) {
    this.model = model;
    this.config = start.config();
    this.labels = start.labels();
    this.options = options;
    this.manager = model.decoder().manager().newSubManager();
    this.program = new LoraProgram(model.decoder());
    try {
      this.adapter = program.load(manager, start);
    } catch (RuntimeException e) {
      program.close();
      manager.close();
      throw e;
    }
    this.parameters =
        labels.isEmpty() ? List.of(adapter.values()) : List.of(adapter.values(), adapter.head());
    ParameterTracker rates =
        (name, step) ->
            (float) (name.equals(ADAPTER) ? options.rate : options.headRate).applyAsDouble(step);
    this.optimizer = new TrackedAdamW(manager, rates, options.decay);
    this.lanes = new Lanes(TorchEngine.threads(), "fine-tuning");
  }

  /**
   * Learns from some samples; their weights should sum to 1.
   *
   * @throws ModelException when the computation fails
   */
  public Step step(List<TuningSample> samples) {
    return model.guarded(() -> learn(samples));
  }

  private Step learn(List<TuningSample> samples) {
    int tokens = samples.stream().mapToInt(sample -> sample.tokens().length).sum();
    List<List<TuningSample>> passes =
        passes(samples).stream().map(pass -> pass.stream().map(samples::get).toList()).toList();
    try (NDManager step = manager.newSubManager()) {
      List<Integer> firsts =
          IntStream.range(0, Math.min(lanes.count(), passes.size())).boxed().toList();
      List<Part> parts = lanes.run(firsts, 1, first -> share(step, passes, first));
      double loss = parts.stream().mapToDouble(Part::loss).sum();
      List<NDArray> changes = new ArrayList<>();
      for (int k = 0; k < parameters.size(); k++) {
        int place = k;
        changes.add(sum(parts.stream().map(part -> part.gradients.get(place)).toList()));
      }
      double norm = Math.sqrt(changes.stream().mapToDouble(c -> Math.pow(norm(c), 2)).sum());
      if (Double.isFinite(norm)) {
        double cut = Math.min(1, options.maxNorm / Math.max(norm, 1e-12));
        for (int k = 0; k < parameters.size(); k++) {
          optimizer.update(NAMES.get(k), parameters.get(k), changes.get(k).muli(cut));
        }
      }
      return new Step(loss, norm, tokens);
    }
  }

  /** What some of the passes say. */
  private record Part(double loss, List<NDArray> gradients) {}

  private Part share(NDManager step, List<List<TuningSample>> passes, int first) {
    double loss = 0;
    List<NDArray> sums = parameters.stream().map(p -> step.zeros(p.getShape())).toList();
    for (int i = first; i < passes.size(); i += lanes.count()) {
      try (NDManager pass = step.newSubManager()) {
        Learned learned = program.learn(pass, adapter, passes.get(i), options.smoothing);
        for (int k = 0; k < sums.size(); k++) {
          sums.get(k).addi(learned.gradients().get(k));
        }
        loss += learned.loss().toFloatArray()[0];
      }
    }
    return new Part(loss, sums);
  }

  private static NDArray sum(List<NDArray> gradients) {
    NDArray sum = gradients.get(0);
    for (NDArray other : gradients.subList(1, gradients.size())) {
      sum.addi(other);
    }
    return sum;
  }

  private static double norm(NDArray gradient) {
    try (NDArray norm = gradient.norm()) {
      return norm.toType(DataType.FLOAT32, false).toFloatArray()[0];
    }
  }

  private List<List<Integer>> passes(List<TuningSample> samples) {
    int[] lengths = samples.stream().mapToInt(sample -> sample.tokens().length).toArray();
    return LengthPasses.of(lengths, options.passTokens, lanes.count());
  }

  /** The adapter as it is now. */
  public LoraAdapter adapter(String version) {
    return model.guarded(
        () ->
            new LoraAdapter(
                version,
                config,
                adapter.values().toFloatArray(),
                labels,
                adapter.head().toFloatArray()));
  }

  /** Log-likelihood of each sample's completion. */
  public double[] measure(List<TuningSample> samples) {
    double[] all = new double[samples.size()];
    inPasses(
        samples,
        (pass, some) -> {
          double[] found = program.measure(pass, adapter, some.stream().map(samples::get).toList());
          for (int i = 0; i < found.length; i++) {
            all[some.get(i)] = found[i];
          }
        });
    return all;
  }

  /** Logits of the labels after each of the samples' sequences. */
  public float[][] classify(List<TuningSample> samples) {
    float[][] all = new float[samples.size()][];
    inPasses(
        samples,
        (pass, some) -> {
          List<int[]> sequences = some.stream().map(i -> samples.get(i).tokens()).toList();
          float[][] found = program.classify(pass, adapter, sequences);
          for (int i = 0; i < found.length; i++) {
            all[some.get(i)] = found[i];
          }
        });
    return all;
  }

  private void inPasses(
      List<TuningSample> samples, BiConsumer<NDManager, List<Integer>> computation) {
    List<List<Integer>> passes = passes(samples);
    model.guarded(
        () ->
            lanes.run(
                passes,
                1,
                places -> {
                  try (NDManager pass = manager.newSubManager()) {
                    computation.accept(pass, places);
                  }
                  return places;
                }));
  }

  @Override
  public void close() {
    lanes.close();
    manager.close();
    program.close();
  }
}
