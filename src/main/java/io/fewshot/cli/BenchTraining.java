package io.fewshot.cli;

import io.fewshot.ladder.FineTunedPrompt;
import io.fewshot.model.EngineBench;
import io.fewshot.model.EngineBench.Work;
import io.fewshot.model.FineTuner;
import io.fewshot.model.LoraConfig;
import io.fewshot.model.Scoring;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.model.TuningSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Measures the training of an adapter against forward passes over the same messages in the same
 * run: those of the engine, and those of the training's own program; the faster one is the limit.
 */
final class BenchTraining {

  private static final int LABELS = 77;
  private static final int BATCH = 32;
  private static final int MAX_TOKENS = 256;
  private static final FineTuner.Options OPTIONS =
      new FineTuner.Options(step -> 1e-3, step -> 2e-3, 0.01, 1, 0.1, 512);

  private final TorchLanguageModel model;

  BenchTraining(TorchLanguageModel model) {
    this.model = model;
  }

  void measure(List<String> messages, int runs, Figures figures, Steps steps) {
    List<String> labels = IntStream.range(0, LABELS).mapToObj(Integer::toString).toList();
    EngineBench bench = new EngineBench(model);
    try (FineTuner tuner =
        model.fineTune(model.untrained(LoraConfig.STANDARD, labels, 1), OPTIONS)) {
      for (int run = 0; run <= runs; run++) {
        steps.at("measuring the training", run, runs + 1L);
        List<TuningSample> samples = samples(messages, run);
        double tokens = samples.stream().mapToInt(sample -> sample.tokens().length).sum();
        Work prompts =
            bench.prompts(
                samples.stream()
                    .map(sample -> new Scoring(0, sample.tokens(), List.of(new int[] {0})))
                    .toList());
        long start = System.nanoTime();
        float[][] logits = tuner.classify(samples);
        double own = tokens * logits.length / samples.size() * 1e9 / (System.nanoTime() - start);
        start = System.nanoTime();
        FineTuner.Step step = tuner.step(samples);
        double training = step.tokens() * 1e9 / (System.nanoTime() - start);
        if (run == 0) {
          continue;
        }
        double forward = Math.max(own, prompts.tokensPerSecond());
        figures.add("train.lora_tokens_per_s", training, "tokens/s");
        figures.add("train.forward_tokens_per_s", forward, "tokens/s");
        figures.add("train.forward_ratio", training / forward, "of forward only", 0.42);
      }
    }
    figures.add("train.peak_resident_mib", peakMib(), "MiB");
  }

  private List<TuningSample> samples(List<String> messages, int run) {
    List<TuningSample> samples = new ArrayList<>();
    for (int i = 0; i < BATCH; i++) {
      String message = messages.get((run * BATCH + i) % messages.size());
      int[] tokens = FineTunedPrompt.classify(model.tokenizer(), message, MAX_TOKENS);
      samples.add(TuningSample.ofLabel(tokens, i % LABELS, 1.0 / BATCH));
    }
    return samples;
  }

  /** The most memory that this process had; not a number where the system does not say. */
  private static double peakMib() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(Double.NaN);
    } catch (IOException e) {
      return Double.NaN;
    }
  }
}
