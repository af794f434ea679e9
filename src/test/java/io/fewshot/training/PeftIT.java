package io.fewshot.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.ladder.FineTuned;
import io.fewshot.model.LoraAdapter;
import io.fewshot.model.LoraConfig;
import io.fewshot.model.LoraModule;
import io.fewshot.model.Precision;
import io.fewshot.model.TinyModel;
import io.fewshot.model.TorchLanguageModel;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Python's transformers and PEFT load an adapter's files and say what the engine says. Runs where
 * {@code FEWSHOT_PYTHON}, or {@code python3}, has torch, transformers, peft and gguf.
 */
class PeftIT {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({"llama, 8", "qwen2, 3"})
  void pythonSaysWhatTheEngineSays(String family, int rank) throws Exception {
    String python = System.getenv().getOrDefault("FEWSHOT_PYTHON", "python3");
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
    Path files = Files.createDirectory(directory.resolve("adapter"));
    ObjectNode expected = JSON.createObjectNode().put("labels", 5).put("tolerance", 1e-3);
    try (TorchLanguageModel model = TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu")) {
      LoraAdapter start = model.untrained(config, List.of("a", "b", "c", "d", "e"), 1);
      LoraAdapter adapter =
          new LoraAdapter(
              "v",
              config,
              noise(random, start.values().length),
              start.labels(),
              noise(random, start.head().length));
      FineTuned tuned = new FineTuned(adapter, "tiny", 1, 64, Set.of());
      for (Map.Entry<String, byte[]> entry :
          LoraFiles.write(tuned, model.layout(config), Map.of()).files().entrySet()) {
        Files.write(files.resolve(entry.getKey()), entry.getValue());
      }
      List<int[]> prompts = new ArrayList<>();
      for (int length : new int[] {1, 4, 9, 30}) {
        prompts.add(random.ints(length, 3, 250).toArray());
      }
      List<double[]> answers = model.classify(adapter, prompts);
      ArrayNode cases = expected.putArray("cases");
      for (int i = 0; i < prompts.size(); i++) {
        ObjectNode one = cases.addObject();
        one.set("tokens", JSON.valueToTree(prompts.get(i)));
        ArrayNode logs = one.putArray("log_probabilities");
        for (double p : answers.get(i)) {
          logs.add(Math.log(p));
        }
      }
    }
    Path json = directory.resolve("expected.json");
    Files.writeString(json, expected.toString());

    // When
    Ran ran =
        run(
            python,
            "src/test/python/peft_check.py",
            file.toString(),
            files.toString(),
            json.toString());

    // Then
    assertThat(ran.code()).as(ran.output()).isZero();
    assertThat(ran.output()).contains("\"cases\": 4");
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
