package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.memory.Encoder;
import io.fewshot.memory.Encoders;
import io.fewshot.model.EngineBench;
import io.fewshot.model.EngineBench.Work;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.model.Scoring;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.ops.Settings;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.TaskYaml;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The language model and the encoder. */
@picocli.CommandLine.Command(
    name = "engine",
    description = "Measures the language model and the encoder; needs no broker.",
    footer = {
      "",
      "Example: ./fewshot bench engine --examples train.csv --messages test.csv",
      "Each run measures the limit, plain prompts and scoring one after the other, on other",
      "messages than the run before; a first run warms up and does not count."
    })
final class BenchEngineCommand extends Command {

  private static final int GENERATED_TOKENS = 24;
  private static final int GENERATIONS = 8;

  @Mixin private final BenchFiles files = new BenchFiles();

  @Option(names = "--runs", paramLabel = "N", description = "(default: ${DEFAULT-VALUE})")
  private int runs = 7;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Messages in each run (default: ${DEFAULT-VALUE}).")
  private int batch = 16;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "In the catalogue, or a GGUF file (default: ${DEFAULT-VALUE}).")
  private String modelName = TaskYaml.DEFAULT_MODEL;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "auto, bf16, fp32 or int8 (default: the setting fewshot.dtype).")
  private @Nullable String dtype;

  @Option(
      names = "--train",
      description = "Measure the training of an adapter instead, against forward passes.")
  private boolean train;

  BenchEngineCommand(Console console) {
    super(console);
  }

  @Override
  int run() {
    if (runs < 1 || batch < 1) {
      throw new BadInputException("--runs and --batch must be at least 1");
    }
    Settings settings =
        Settings.load(
            dtype == null ? Map.of() : Map.of(Settings.DTYPE, dtype), null, System.getenv());
    List<Example> examples = files.examples(console);
    List<String> messages = files.messages(console, batch * (runs + 1));
    Figures figures = new Figures();
    if (train) {
      train(settings, messages, figures);
      figures.print(console, json);
      return DONE;
    }
    try (Steps steps = new Steps(console);
        Encoders encoders = new Encoders()) {
      Path file = ModelStore.ofUser().fetch(modelName, steps::download);
      steps.at("loading the model", 0, -1);
      long start = System.nanoTime();
      try (TorchLanguageModel model =
          TorchLanguageModel.load(
              modelName, file, Precision.ofLabel(settings.dtype()), settings.device())) {
        int[] first = model.tokenizer().encode("Where is my card?");
        model.score(List.of(new Scoring(0, first, List.of(first))));
        figures.add("engine.load_ms", (System.nanoTime() - start) / 1e6, "ms", 4000);
        figures.add("engine.precision", model.precision().bits(), "bits");
        steps.at("encoding examples", 0, -1);
        List<Scoring> requests = RecordedRequests.of(encoders, model, examples, messages);
        measure(new EngineBench(model), requests, figures, steps);
      }
      encoder(encoders, messages, figures, steps);
    }
    figures.print(console, json);
    return DONE;
  }

  private void train(Settings settings, List<String> messages, Figures figures) {
    try (Steps steps = new Steps(console)) {
      Path file = ModelStore.ofUser().fetch(modelName, steps::download);
      try (TorchLanguageModel model =
          TorchLanguageModel.loadToTrain(
              modelName, file, Precision.ofLabel(settings.dtype()), settings.device())) {
        new BenchTraining(model).measure(messages, runs, figures, steps);
      }
    }
  }

  private void measure(EngineBench bench, List<Scoring> requests, Figures figures, Steps steps) {
    int size = Math.max(1, requests.size() / (runs + 1));
    for (int run = 0; run <= runs; run++) {
      steps.at("measuring the engine", run, runs + 1L);
      List<Scoring> some = requests.subList(run * size, (run + 1) * size);
      Work before = bench.multiply(1024);
      StoppedException.check();
      Work prompts = bench.prompts(some);
      StoppedException.check();
      Work between = bench.multiply(1024);
      StoppedException.check();
      Work scoring = bench.scoring(some);
      StoppedException.check();
      Work after = bench.multiply(1024);
      StoppedException.check();
      Work generation =
          bench.generation(some.subList(0, Math.min(size, GENERATIONS)), GENERATED_TOKENS);
      if (run == 0) {
        continue;
      }
      double limit = (before.gflops() + between.gflops()) / 2;
      double core = Math.max(before.gflopsOfOneCore(), between.gflopsOfOneCore());
      figures.add("engine.matmul_gflops", limit, "GFLOP/s");
      figures.add("engine.matmul_gflops_core", core, "GFLOP/s of one core");
      figures.add("engine.prompt_tokens_per_s", prompts.tokensPerSecond(), "tokens/s");
      figures.add("engine.prompt_ratio", prompts.gflops() / limit, "of matmul", 0.80);
      figures.add("engine.prompt_core_ratio", prompts.gflopsOfOneCore() / core, "of matmul", 0.80);
      figures.add("engine.scoring_tokens_per_s", scoring.tokensPerSecond(), "tokens/s");
      figures.add(
          "engine.scoring_ratio",
          scoring.tokensPerSecond()
              / prompts.tokensPerSecond()
              * (limit * 2 / (between.gflops() + after.gflops())),
          "of prompts",
          0.80);
      figures.add(
          "engine.scoring_core_ratio",
          (scoring.tokens() / scoring.coreSeconds()) / (prompts.tokens() / prompts.coreSeconds()),
          "of prompts",
          0.80);
      figures.add("engine.scoring_messages_per_s", some.size() / scoring.seconds(), "messages/s");
      figures.add("engine.prompt_tokens", prompts.tokens() / some.size(), "tokens a message");
      figures.add("engine.generation_tokens_per_s", generation.tokensPerSecond(), "tokens/s");
    }
  }

  /** The encoder and, in turns with it, the same network in fp32 on ONNX Runtime. */
  private void encoder(Encoders encoders, List<String> messages, Figures figures, Steps steps) {
    Encoder ours = encoders.of(Language.EN);
    try (Encoder onnx = encoders.reference(Language.EN)) {
      encode(ours, messages);
      encode(onnx, messages);
      for (int run = 0; run < runs; run++) {
        steps.at("measuring the encoder", run, runs);
        Work fast = encode(ours, messages);
        Work slow = encode(onnx, messages);
        int count = messages.size();
        figures.add("encoder.messages_per_s", count / fast.seconds(), "messages/s");
        figures.add("encoder.core_ms", 1e3 * fast.coreSeconds() / count, "core-ms a message");
        figures.add("encoder.onnx_ratio", slow.seconds() / fast.seconds(), "times", 1.5);
        figures.add(
            "encoder.onnx_core_ratio", slow.coreSeconds() / fast.coreSeconds(), "times", 1.5);
        Work one = encode(ours, List.of(messages.get(run % count)));
        figures.add("encoder.one_message_ms", 1e3 * one.seconds(), "ms");
      }
    }
  }

  private static Work encode(Encoder encoder, List<String> texts) {
    double core = EngineBench.coreSeconds();
    long start = System.nanoTime();
    double sum = 0;
    for (float[] vector : encoder.encode(texts)) {
      sum += vector[0];
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    return new Work(0, 0, seconds, EngineBench.coreSeconds() - core, sum);
  }
}
