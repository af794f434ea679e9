package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScoringTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void oneBatchOfMixedRequestsGivesWhatAPlainDecoderGivesOneByOne(String family) throws Exception {
    Path file = TinyModel.of(family, 11).write(directory.resolve("tiny.gguf"));
    List<Scoring> requests = requests(new Random(5));
    try (Gguf gguf = Gguf.open(file);
        LanguageModel model = TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu")) {
      PlainDecoder plain = new PlainDecoder(gguf);

      // Twice: the second time the shared fronts come from the cache.
      model.score(requests);
      List<Scores> scores = model.score(requests);

      for (int r = 0; r < requests.size(); r++) {
        Scoring request = requests.get(r);
        for (int c = 0; c < request.candidates().size(); c++) {
          double expected = plain.logLikelihood(request.prompt(), request.candidates().get(c));
          assertThat(scores.get(r).logLikelihoods()[c])
              .as("request %d, candidate %d", r, c)
              .isCloseTo(expected, within(1e-3));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"BF16,llama,0.3", "INT8,llama,0.5", "INT8,qwen2,0.5"})
  void fewerBitsStayNear(Precision precision, String family, double tolerance) throws Exception {
    Path file = TinyModel.of(family, 12).write(directory.resolve("tiny.gguf"));
    List<Scoring> requests = requests(new Random(6));
    try (LanguageModel full = TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu");
        LanguageModel fewer = TorchLanguageModel.load("tiny", file, precision, "cpu")) {
      List<Scores> expected = full.score(requests);

      // Twice: the second time the shared fronts come from the cache.
      fewer.score(requests);
      List<Scores> scores = fewer.score(requests);

      assertThat(fewer.version()).isEqualTo("tiny/" + precision.label());
      for (int r = 0; r < requests.size(); r++) {
        double[] near = expected.get(r).logLikelihoods();
        assertThat(scores.get(r).logLikelihoods()).hasSize(near.length);
        for (int c = 0; c < near.length; c++) {
          int tokens = requests.get(r).candidates().get(c).length;
          assertThat(scores.get(r).logLikelihoods()[c])
              .isCloseTo(near[c], within(tolerance * tokens));
        }
      }
    }
  }

  @Test
  void aMessageScoresTheSameInInt8WhateverStandsBesideIt() throws Exception {
    Path file = TinyModel.of("llama", 16).write(directory.resolve("tiny.gguf"));
    List<Scoring> requests = requests(new Random(7));
    try (LanguageModel model = TorchLanguageModel.load("tiny", file, Precision.INT8, "cpu")) {
      List<Scores> together = model.score(requests);

      for (int r = 0; r < requests.size(); r++) {
        double[] alone = model.score(List.of(requests.get(r))).get(0).logLikelihoods();
        assertThat(together.get(r).logLikelihoods()).containsExactly(alone, within(0.05));
      }
    }
  }

  @Test
  void int8RefusesAdaptersAndSaysWhatToDo() throws Exception {
    Path file = TinyModel.of("llama", 17).write(directory.resolve("tiny.gguf"));
    try (TorchLanguageModel model = TorchLanguageModel.load("tiny", file, Precision.INT8, "cpu")) {
      LoraAdapter adapter = model.untrained(LoraConfig.STANDARD, List.of("a", "b"), 1);

      assertThatThrownBy(() -> model.classify(adapter, List.of(new int[] {5, 6})))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("fewshot.dtype");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FP32", "INT8"})
  void generationIsTheLikeliestTokenEachTime(Precision precision) throws Exception {
    Path file = TinyModel.of("qwen2", 13).write(directory.resolve("tiny.gguf"));
    int[] prompt = {70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80};
    int[] other = {100, 101};
    double near = precision == Precision.FP32 ? 1e-3 : 0.1;
    try (LanguageModel model = TorchLanguageModel.load("tiny", file, precision, "cpu")) {
      List<Generated> generated =
          model.generate(
              List.of(
                  new Generation(10, prompt, 6, List.of()),
                  new Generation(0, other, 9, List.of())));

      int[] tokens = generated.get(0).tokens();
      assertThat(tokens).hasSize(6);
      List<int[]> all = new ArrayList<>();
      for (int token = 0; token < TinyModel.vocabulary().size(); token++) {
        all.add(new int[] {token});
      }
      for (int i = 0; i < tokens.length; i++) {
        int[] before = Arrays.copyOf(prompt, prompt.length + i);
        System.arraycopy(tokens, 0, before, prompt.length, i);
        double[] next = model.score(List.of(new Scoring(0, before, all))).get(0).logLikelihoods();
        double best = Arrays.stream(next).max().orElseThrow();
        assertThat(next[tokens[i]]).isCloseTo(best, within(near / 10));
        assertThat(generated.get(0).logProbabilities()[i]).isCloseTo(best, within(near));
      }
      assertThat(generated.get(1).tokens()).hasSizeLessThanOrEqualTo(9);
    }
  }

  @Test
  void aSequenceBeyondTheContextIsRefusedByNumber() throws Exception {
    Path file = TinyModel.of("llama", 14).write(directory.resolve("tiny.gguf"));
    try (LanguageModel model = TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu")) {
      int[] prompt = new int[TinyModel.CONTEXT];
      Scoring tooLong = new Scoring(0, prompt, List.of(new int[] {5}));

      assertThatThrownBy(() -> model.score(List.of(tooLong)))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("513")
          .hasMessageContaining("512");
    }
  }

  @Test
  void aClosedModelSaysSo() throws Exception {
    Path file = TinyModel.of("llama", 15).write(directory.resolve("tiny.gguf"));
    LanguageModel model = TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu");
    model.close();
    model.close();

    assertThatThrownBy(
            () -> model.score(List.of(new Scoring(0, new int[] {1}, List.of(new int[] {5})))))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("closed");
  }

  /** Prompts of all lengths, with and without shared fronts, candidates that begin alike. */
  private static List<Scoring> requests(Random random) {
    int[] front = tokens(random, 20);
    List<Scoring> requests = new ArrayList<>();
    for (int length : new int[] {1, 5, 21, 22, 40, 41, 120}) {
      int[] prompt = tokens(random, length);
      int shared = 0;
      if (length > front.length) {
        System.arraycopy(front, 0, prompt, 0, front.length);
        shared = front.length;
      }
      int[] start = tokens(random, 2);
      List<int[]> candidates =
          List.of(
              tokens(random, 1),
              new int[] {start[0], start[1], 9},
              new int[] {start[0], start[1], 9, 30},
              new int[] {start[0]},
              new int[] {start[0], 40},
              new int[] {start[0], start[1], 9});
      requests.add(new Scoring(shared, prompt, candidates));
    }
    // A prompt that is nothing but its shared front.
    requests.add(new Scoring(front.length, front, List.of(tokens(random, 3))));
    return requests;
  }

  private static int[] tokens(Random random, int length) {
    return random.ints(length, 3, 250).toArray();
  }
}
