package io.fewshot.model;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Measures a model's passes against what its matrix products alone would cost. Results are summed
 * up and given back, so that no compiler may leave the work out.
 */
public final class EngineBench {

  private final TorchLanguageModel model;

  /**
   * What was done and what it took.
   *
   * @param tokens computed; those from a cache are not counted
   * @param flops multiplications and additions of matrix products, attention left out
   * @param seconds on the clock
   * @param coreSeconds of all threads of this process
   * @param sum of the results
   */
  public record Work(double tokens, double flops, double seconds, double coreSeconds, double sum) {

    public double tokensPerSecond() {
      return tokens / seconds;
    }

    public double gflops() {
      return flops / seconds / 1e9;
    }

    /** Independent of what else runs on the machine, as long as waiting threads sleep. */
    public double gflopsOfOneCore() {
      return flops / coreSeconds / 1e9;
    }
  }

  public EngineBench(TorchLanguageModel model) {
    this.model = model;
  }

  /**
   * The matrix products of all layers for so many tokens at once: the better of one pass with all
   * threads and one in each lane.
   */
  public Work multiply(int tokens) {
    Work one = multiply(tokens, 1, false);
    Work each = multiply(tokens, model.lanes(), true);
    return one.gflops() > each.gflops() ? one : each;
  }

  private Work multiply(int tokens, int passes, boolean sideBySide) {
    double flops = model.decoder().layerFlops(tokens) * passes;
    return measure((double) tokens * passes, flops, () -> model.multiplyOnly(tokens, sideBySide));
  }

  /** Plain prompts: no cache, and of each only the likelihood of one token is asked for. */
  public Work prompts(List<Scoring> requests) {
    List<Scoring> plain =
        requests.stream()
            .map(request -> new Scoring(0, request.prompt(), List.of(new int[] {0})))
            .toList();
    return scoring(plain);
  }

  /** The requests as they are. */
  public Work scoring(List<Scoring> requests) {
    int tokens = 0;
    int rows = 0;
    for (Scoring request : requests) {
      TokenTree tree = tree(request);
      tokens += tree.size();
      rows += (int) Arrays.stream(tree.rows()).distinct().count();
    }
    Decoder decoder = model.decoder();
    double flops = decoder.passFlops(tokens, rows);
    return measure(tokens, flops, () -> sum(model.score(requests)));
  }

  /** Continues the prompts by so many tokens each; the prompts' own time counts too. */
  public Work generation(List<Scoring> requests, int tokens) {
    List<Generation> generations =
        requests.stream()
            .map(request -> new Generation(request.shared(), request.prompt(), tokens, List.of()))
            .toList();
    double[] generated = new double[1];
    Work work =
        measure(
            0,
            0,
            () -> {
              generated[0] =
                  model.generate(generations).stream().mapToInt(g -> g.tokens().length).sum();
              return generated[0];
            });
    return new Work(generated[0], 0, work.seconds, work.coreSeconds, work.sum);
  }

  private static TokenTree tree(Scoring request) {
    int cached = TorchLanguageModel.cached(request.shared(), request.prompt());
    return TokenTree.of(cached, request.prompt(), request.candidates());
  }

  private static double sum(List<Scores> scores) {
    return scores.stream().flatMapToDouble(s -> Arrays.stream(s.logLikelihoods())).sum();
  }

  private static Work measure(double tokens, double flops, DoubleSupplier computation) {
    double core = coreSeconds();
    long start = System.nanoTime();
    double sum = computation.getAsDouble();
    double seconds = (System.nanoTime() - start) / 1e9;
    return new Work(tokens, flops, seconds, coreSeconds() - core, sum);
  }

  /** Processor time of all threads of this process so far. */
  public static double coreSeconds() {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / 1e9;
  }
}
