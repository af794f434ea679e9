package io.fewshot.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.InstalledTools;
import io.fewshot.ladder.FineTuned;
import io.fewshot.model.FineTuner;
import io.fewshot.model.LoraAdapter;
import io.fewshot.model.LoraConfig;
import io.fewshot.model.LoraModule;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.model.ProgressListener;
import io.fewshot.model.TinyModel;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.model.TuningSample;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Python's transformers and PEFT load an adapter's files and say what the engine says: of tiny
 * models where {@code FEWSHOT_PYTHON}, or {@code python3}, has torch, transformers, peft and gguf;
 * of the default model, which takes a minute, where the variable is set.
 */
class PeftIT {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final FineTuner.Options STEPS =
      new FineTuner.Options(step -> 1e-3, step -> 2e-3, 0, 1, 0, 512);

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({"llama, 8, 5", "qwen2, 3, 5", "llama, 3, 0", "qwen2, 8, 0"})
  void pythonSaysWhatTheEngineSays(String family, int rank, int labels) throws Exception {
    String python = InstalledTools.python();
    assumeTrue(
        run(python, "-c", "import torch, transformers, peft, gguf").code() == 0,
        python + " has no torch, transformers, peft and gguf: set FEWSHOT_PYTHON");
    // Given
    Path file = TinyModel.of(family, 31).write(directory.resolve("tiny.gguf"));
    LoraConfig config =
        rank == 8
            ? LoraConfig.STANDARD
            : new LoraConfig(rank, 9, Set.of(LoraModule.Q, LoraModule.K, LoraModule.DOWN));
    Random random = new Random(2);
    try (TorchLanguageModel model = TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu")) {
      LoraAdapter start = model.untrained(config, labels(labels), 1);
      LoraAdapter adapter =
          new LoraAdapter(
              "v",
              config,
              noise(random, start.values().length),
              start.labels(),
              noise(random, start.head().length));

      // When
      Ran ran = check(python, file, model, adapter, random, 250);

      // Then
      assertThat(ran.code()).as(ran.output()).isZero();
      assertThat(ran.output()).contains("\"cases\": 4");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 0})
  void pythonSaysTheSameOfTheDefaultModelAfterSomeSteps(int labels) throws Exception {
    String python = InstalledTools.python();
    assumeTrue(!python.equals("python3"), "a Python of its own is wanted: set FEWSHOT_PYTHON");
    // Given
    Path file = ModelStore.ofUser().fetch("smollm2-135m-instruct", ProgressListener.NONE);
    Random random = new Random(3);
    try (TorchLanguageModel model =
            TorchLanguageModel.loadToTrain("smollm2", file, Precision.FP32, "cpu");
        FineTuner tuner =
            model.fineTune(model.untrained(LoraConfig.STANDARD, labels(labels), 1), STEPS)) {
      for (int step = 0; step < 12; step++) {
        int[] said = random.ints(12, 100, 40_000).toArray();
        int[] answer = random.ints(3, 100, 105).toArray();
        tuner.step(
            List.of(
                labels == 0
                    ? TuningSample.ofCompletion(said, answer, 1 / 3.0)
                    : TuningSample.ofLabel(said, step % labels, 1)));
      }

      // When
      Ran ran = check(python, file, model, tuner.adapter("v"), random, 40_000);

      // Then
      assertThat(ran.code()).as(ran.output()).isZero();
      assertThat(ran.output()).contains("\"cases\": 4");
      ran.output()
          .lines()
          .filter(line -> line.startsWith("{"))
          .forEach(line -> System.out.println(labels + " labels: " + line));
    }
  }

  private Ran check(
      String python,
      Path file,
      TorchLanguageModel model,
      LoraAdapter adapter,
      Random random,
      int vocabulary)
      throws Exception {
    Path files = Files.createDirectory(directory.resolve("adapter"));
    FineTuned tuned = new FineTuned(adapter, "base", 1, 64, Set.of());
    for (Map.Entry<String, byte[]> entry :
        LoraFiles.write(tuned, model.layout(adapter.config()), Map.of()).files().entrySet()) {
      Files.write(files.resolve(entry.getKey()), entry.getValue());
    }
    ObjectNode expected =
        JSON.createObjectNode().put("labels", adapter.labels().size()).put("tolerance", 1e-3);
    ArrayNode cases = expected.putArray("cases");
    for (int length : new int[] {2, 4, 9, 30}) {
      int[] tokens = random.ints(length, 3, vocabulary).toArray();
      ObjectNode one = cases.addObject();
      one.set("tokens", JSON.valueToTree(tokens));
      one.set("log_probabilities", JSON.valueToTree(says(model, adapter, tokens)));
    }
    Path json = directory.resolve("expected.json");
    Files.writeString(json, expected.toString());
    return run(
        python,
        "src/test/python/peft_check.py",
        file.toString(),
        files.toString(),
        json.toString());
  }

  /** Log-probabilities of all labels, or of each next token. */
  private static double[] says(TorchLanguageModel model, LoraAdapter adapter, int[] tokens) {
    if (!adapter.labels().isEmpty()) {
      double[] probabilities = model.classify(adapter, List.of(tokens)).get(0);
      return java.util.Arrays.stream(probabilities).map(Math::log).toArray();
    }
    List<TuningSample> samples = new ArrayList<>();
    for (int i = 0; i + 1 < tokens.length; i++) {
      samples.add(
          new TuningSample(tokens, new int[] {i}, new int[] {tokens[i + 1]}, 1, new float[0]));
    }
    try (FineTuner tuner = model.fineTune(adapter, STEPS)) {
      return tuner.measure(samples);
    }
  }

  private static List<String> labels(int count) {
    return IntStream.range(0, count).mapToObj(Integer::toString).toList();
  }

  private record Ran(int code, String output) {}

  private Ran run(String... command) throws Exception {
    File output = directory.resolve("output.txt").toFile();
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
    try {
      assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Ran(process.exitValue(), Files.readString(output.toPath()));
  }

  private static float[] noise(Random random, int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) (0.2 * random.nextGaussian());
    }
    return values;
  }
}
