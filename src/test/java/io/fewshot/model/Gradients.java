package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.fewshot.model.LoraProgram.Learned;
import io.fewshot.model.LoraProgram.Loaded;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Checks the gradients that the program computes. */
final class Gradients {

  private Gradients() {}

  /** Compares numbers of each gradient with central differences. */
  static void assertRight(
      NDManager manager,
      LoraProgram program,
      LoraAdapter adapter,
      List<TuningSample> samples,
      Random random,
      double tolerance) {
    List<float[]> at = List.of(adapter.values(), adapter.head());
    List<float[]> gradients =
        learned(manager, program, adapter, at, samples).gradients().stream()
            .map(NDArray::toFloatArray)
            .toList();
    for (int k = 0; k < gradients.size(); k++) {
      float[] gradient = gradients.get(k);
      assertThat(gradient).hasSize(at.get(k).length);
      for (int check = 0; check < 40 && gradient.length > 0; check++) {
        int i = random.nextInt(gradient.length);
        double above = loss(manager, program, adapter, moved(at, k, i, 0.01f), samples);
        double below = loss(manager, program, adapter, moved(at, k, i, -0.01f), samples);
        assertThat((double) gradient[i])
            .as("number %d of gradient %d", i, k)
            .isCloseTo((above - below) / 0.02, within(tolerance));
      }
    }
    assertThat(gradients.get(0)).isNotEqualTo(new float[gradients.get(0).length]);
  }

  /** The gradient of the adapter's values. */
  static float[] of(TorchLanguageModel model, LoraAdapter adapter, List<TuningSample> samples) {
    try (LoraProgram program = new LoraProgram(model.decoder());
        NDManager manager = model.decoder().manager().newSubManager()) {
      List<float[]> at = List.of(adapter.values(), adapter.head());
      return learned(manager, program, adapter, at, samples).gradients().get(0).toFloatArray();
    }
  }

  private static List<float[]> moved(List<float[]> at, int k, int i, float by) {
    List<float[]> all = new ArrayList<>(at);
    all.set(k, at.get(k).clone());
    all.get(k)[i] += by;
    return all;
  }

  private static double loss(
      NDManager manager,
      LoraProgram program,
      LoraAdapter adapter,
      List<float[]> at,
      List<TuningSample> samples) {
    return learned(manager, program, adapter, at, samples).loss().toFloatArray()[0];
  }

  private static Learned learned(
      NDManager manager,
      LoraProgram program,
      LoraAdapter adapter,
      List<float[]> at,
      List<TuningSample> samples) {
    LoraAdapter moved =
        new LoraAdapter("v", adapter.config(), at.get(0), adapter.labels(), at.get(1));
    try (Loaded loaded = program.load(manager, moved)) {
      return program.learn(manager, loaded, samples, 0.1);
    }
  }
}
