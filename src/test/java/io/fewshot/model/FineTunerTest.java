package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FineTunerTest {

  private static final FineTuner.Options QUICK =
      new FineTuner.Options(step -> 0.02, step -> 0.02, 0, 1, 0, 64);

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "llama,Q V O UP",
    "qwen2,Q V O UP",
    "llama,Q K V O GATE UP DOWN",
    "qwen2,K GATE DOWN"
  })
  void gradientsAreWhatFiniteDifferencesSay(String family, String modules) throws Exception {
    // Given: an adapter whose matrices are all in use
    LoraConfig config =
        new LoraConfig(
            3,
            6,
            Arrays.stream(modules.split(" ")).map(LoraModule::valueOf).collect(Collectors.toSet()));
    try (TorchLanguageModel model = tiny(family);
        LoraProgram program = new LoraProgram(model.decoder());
        NDManager manager = model.decoder().manager().newSubManager()) {
      LoraAdapter adapter = random(model, config, List.of("a", "b", "c"), 3);
      List<TuningSample> samples = samples(new Random(4), 3);

      // Then
      Gradients.assertRight(manager, program, adapter, samples, new Random(5), 2e-3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void gradientsInBf16PointTheSameWay(String family) throws Exception {
    Path file = TinyModel.of(family, 31).write(directory.resolve("tiny.gguf"));
    List<TuningSample> samples = samples(new Random(4), 3);
    try (TorchLanguageModel full =
            TorchLanguageModel.loadToTrain("tiny", file, Precision.FP32, "cpu");
        TorchLanguageModel half =
            TorchLanguageModel.loadToTrain("tiny", file, Precision.BF16, "cpu")) {
      LoraAdapter adapter = random(full, LoraConfig.STANDARD, List.of("a", "b", "c"), 3);

      float[] expected = Gradients.of(full, adapter, samples);
      float[] found = Gradients.of(half, adapter, samples);

      assertThat(found).isNotEqualTo(expected);
      double cosine = dot(found, expected) / Math.sqrt(dot(found, found) * dot(expected, expected));
      assertThat(cosine).isGreaterThan(0.99);
      assertThat(Math.sqrt(dot(found, found) / dot(expected, expected))).isBetween(0.9, 1.1);
    }
  }

  private static double dot(float[] x, float[] y) {
    return IntStream.range(0, x.length).mapToDouble(i -> (double) x[i] * y[i]).sum();
  }

  @Test
  void gradientsWithLessonsAreWhatFiniteDifferencesSay() throws Exception {
    // Given: a teacher who is unsure of the label
    try (TorchLanguageModel model = tiny("llama");
        LoraProgram program = new LoraProgram(model.decoder());
        NDManager manager = model.decoder().manager().newSubManager()) {
      LoraAdapter adapter = random(model, LoraConfig.STANDARD, List.of("a", "b", "c"), 3);
      Random random = new Random(4);
      List<TuningSample> samples =
          samples(random, 6).stream()
              .map(sample -> sample.withShares(new float[] {0.5f, 0.2f, 0.3f}))
              .toList();

      // Then
      Gradients.assertRight(manager, program, adapter, samples, random, 2e-3);
    }
  }

  /** The vocabulary is too wide for PyTorch to keep: its part of the derivative is ours. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void gradientsOfCompletionsAreWhatFiniteDifferencesSay(String family) throws Exception {
    // Given: more predictions than a block of the vocabulary's head takes
    LoraConfig config = new LoraConfig(2, 4, Set.of(LoraModule.K, LoraModule.DOWN));
    try (TorchLanguageModel model = tiny(family);
        LoraProgram program = new LoraProgram(model.decoder());
        NDManager manager = model.decoder().manager().newSubManager()) {
      LoraAdapter adapter = random(model, config, List.of(), 3);
      Random random = new Random(6);
      List<TuningSample> samples = new ArrayList<>();
      for (int length : new int[] {3, 40, 40, 57}) {
        samples.add(
            TuningSample.ofCompletion(
                random.ints(4, 3, 250).toArray(),
                random.ints(length, 3, 250).toArray(),
                1.0 / length));
      }

      // Then
      Gradients.assertRight(manager, program, adapter, samples, random, 4e-3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void whatIsWrittenWithAnAdapterIsAsLikelyAsItSays(String family) throws Exception {
    // Given
    try (TorchLanguageModel model = tiny(family)) {
      LoraAdapter adapter = random(model, LoraConfig.STANDARD, List.of(), 7);
      Random random = new Random(9);
      int[] front = random.ints(12, 3, 250).toArray();
      List<Generation> requests = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        int[] own = random.ints(1 + 3 * i, 3, 250).toArray();
        int[] prompt = IntStream.concat(Arrays.stream(front), Arrays.stream(own)).toArray();
        requests.add(new Generation(i == 3 ? 0 : front.length, prompt, 6, List.of()));
      }

      // When
      List<Generated> written = model.generate(adapter, requests);

      // Then
      try (FineTuner tuner = model.fineTune(adapter, QUICK)) {
        for (int i = 0; i < written.size(); i++) {
          int[] prompt = requests.get(i).prompt();
          Generated said = written.get(i);
          double measured =
              tuner.measure(List.of(TuningSample.ofCompletion(prompt, said.tokens(), 1)))[0];
          int words = said.tokens().length;
          assertThat(words).isPositive();
          assertThat(Arrays.stream(said.logProbabilities()).limit(words).sum())
              .isCloseTo(measured, within(1e-3));
        }
      }
      assertThat(written.get(1).tokens()).isNotEqualTo(model.generate(requests).get(1).tokens());
    }
  }

  @Test
  void anAdapterThatChangesNothingWritesWhatTheModelWrites() throws Exception {
    try (SharedLanguageModel model =
        new SharedLanguageModel(tiny("llama"), (requests, left, waited, computed) -> {})) {
      LoraAdapter nothing;
      try (TorchLanguageModel other = tiny("llama")) {
        nothing = other.untrained(LoraConfig.STANDARD, List.of(), 1);
      }
      List<Generation> requests =
          List.of(
              new Generation(0, new int[] {70, 71, 72}, 8, List.of()),
              new Generation(9, new int[] {5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, 8, List.of()));

      List<Generated> written = model.generate(nothing, requests);

      List<Generated> plain = model.generate(requests);
      for (int i = 0; i < requests.size(); i++) {
        assertThat(written.get(i).tokens()).isEqualTo(plain.get(i).tokens());
        assertThat(written.get(i).logProbabilities())
            .containsExactly(plain.get(i).logProbabilities(), within(1e-4));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void anAdapterThatChangesNothingLeavesTheModelAsItIs(String family) throws Exception {
    Path file = TinyModel.of(family, 11).write(directory.resolve("tiny.gguf"));
    int[] prompt = {70, 71, 72, 73, 80};
    int[] completion = {90, 91, 92};
    try (Gguf gguf = Gguf.open(file);
        TorchLanguageModel model = TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu");
        FineTuner tuner =
            model.fineTune(model.untrained(LoraConfig.STANDARD, List.of(), 1), QUICK)) {
      double[] measured =
          tuner.measure(
              List.of(
                  TuningSample.ofCompletion(prompt, completion, 0.1),
                  TuningSample.ofCompletion(new int[] {5}, new int[] {6}, 0.1)));

      PlainDecoder plain = new PlainDecoder(gguf);
      assertThat(measured[0]).isCloseTo(plain.logLikelihood(prompt, completion), within(1e-3));
      assertThat(measured[1])
          .isCloseTo(plain.logLikelihood(new int[] {5}, new int[] {6}), within(1e-3));
    }
  }

  @Test
  void whatIsPackedTogetherIsAnsweredAsIfAlone() throws Exception {
    try (TorchLanguageModel model = tiny("llama")) {
      LoraAdapter adapter = random(model, LoraConfig.STANDARD, List.of("a", "b"), 7);
      List<int[]> prompts = samples(new Random(8), 9).stream().map(TuningSample::tokens).toList();

      List<double[]> together = model.classify(adapter, prompts);

      for (int i = 0; i < prompts.size(); i++) {
        double[] alone = model.classify(adapter, List.of(prompts.get(i))).get(0);
        assertThat(together.get(i)).containsExactly(alone, within(1e-5));
        assertThat(Arrays.stream(alone).sum()).isCloseTo(1, within(1e-9));
      }
    }
  }

  @Test
  void completionsAreLearnedAndTheRestIsNot() throws Exception {
    List<TuningSample> samples = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      samples.add(
          TuningSample.ofCompletion(new int[] {70 + i, 75, 76}, new int[] {100 + i, 2}, 1 / 12.0));
    }
    try (TorchLanguageModel model = tiny("qwen2");
        FineTuner tuner =
            model.fineTune(model.untrained(LoraConfig.STANDARD, List.of(), 1), QUICK)) {
      double before = Arrays.stream(tuner.measure(samples)).sum();

      for (int step = 0; step < 80; step++) {
        tuner.step(samples);
      }

      assertThat(before).isLessThan(-20);
      assertThat(Arrays.stream(tuner.measure(samples)).sum()).isGreaterThan(-2);
    }
  }

  @Test
  void aStepWhoseGradientIsNoNumberChangesNothing() throws Exception {
    try (TorchLanguageModel model = tiny("llama");
        FineTuner tuner =
            model.fineTune(model.untrained(LoraConfig.STANDARD, List.of("a", "b"), 1), QUICK)) {
      float[] before = tuner.adapter("v").values();

      FineTuner.Step broken =
          tuner.step(List.of(TuningSample.ofLabel(new int[] {5, 6}, 1, Double.NaN)));

      assertThat(broken.norm()).isNaN();
      assertThat(tuner.adapter("v").values()).isEqualTo(before);
      FineTuner.Step sound = tuner.step(List.of(TuningSample.ofLabel(new int[] {5, 6}, 1, 1)));
      assertThat(sound.norm()).isPositive();
      assertThat(tuner.adapter("v").head()).isNotEqualTo(new float[before.length]);
    }
  }

  @Test
  void anAdapterOfAnotherModelIsRefused() throws Exception {
    LoraAdapter foreign =
        new LoraAdapter("v", LoraConfig.STANDARD, new float[8], List.of(), new float[0]);
    try (TorchLanguageModel model = tiny("llama")) {
      assertThatThrownBy(() -> model.classify(foreign, List.of(new int[] {5})))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("8 numbers");
    }
  }

  private TorchLanguageModel tiny(String family) throws Exception {
    Path file = TinyModel.of(family, 11).write(directory.resolve(family + ".gguf"));
    return TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu");
  }

  private static LoraAdapter random(
      TorchLanguageModel model, LoraConfig config, List<String> labels, long seed) {
    LoraAdapter start = model.untrained(config, labels, seed);
    Random random = new Random(seed);
    return new LoraAdapter(
        "v",
        config,
        noise(random, start.values().length),
        labels,
        noise(random, start.head().length));
  }

  private static float[] noise(Random random, int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) (0.2 * random.nextGaussian());
    }
    return values;
  }

  private static List<TuningSample> samples(Random random, int count) {
    List<TuningSample> samples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] tokens = random.ints(3 + i % 4, 3, 250).toArray();
      samples.add(TuningSample.ofLabel(tokens, i % 2, 1.0 / count));
    }
    return samples;
  }
}
