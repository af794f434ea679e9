package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Example;
import io.fewshot.memory.Encoders;
import io.fewshot.model.ModelCatalogue;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.model.ProgressListener;
import io.fewshot.model.Scoring;
import io.fewshot.model.TorchLanguageModel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The shipped model on real prompts: what 8 bits change of its likelihoods. */
class EightBitsIT {

  private static final int MESSAGES = 24;

  @Test
  void int8FindsTheSameBestCandidateAsFp32ButForFew() {
    // Given
    BenchFiles files = new BenchFiles();
    List<Example> examples = files.examples(Console.system());
    List<String> messages = files.messages(Console.system(), MESSAGES);
    List<Scoring> requests;
    List<double[]> full;
    try (Encoders encoders = new Encoders();
        TorchLanguageModel model = load(Precision.FP32)) {
      requests = RecordedRequests.of(encoders, model, examples, messages);
      full = scores(model, requests);
    }

    // When
    List<double[]> rounded;
    try (TorchLanguageModel model = load(Precision.INT8)) {
      rounded = scores(model, requests);
    }

    // Then
    double difference = 0;
    int candidates = 0;
    int same = 0;
    for (int r = 0; r < full.size(); r++) {
      double[] expected = full.get(r);
      for (int c = 0; c < expected.length; c++) {
        difference += Math.abs(expected[c] - rounded.get(r)[c]);
        candidates++;
      }
      same += best(expected) == best(rounded.get(r)) ? 1 : 0;
    }
    assertThat(full).hasSizeGreaterThanOrEqualTo(MESSAGES);
    assertThat(difference / candidates).as("mean difference").isBetween(1e-6, 0.5);
    assertThat((double) same / full.size()).as("same best").isGreaterThanOrEqualTo(0.9);
  }

  private static TorchLanguageModel load(Precision precision) {
    Path file = ModelStore.ofUser().fetch(ModelCatalogue.DEFAULT, ProgressListener.NONE);
    return TorchLanguageModel.load(ModelCatalogue.DEFAULT, file, precision, "cpu");
  }

  private static List<double[]> scores(TorchLanguageModel model, List<Scoring> requests) {
    return model.score(requests).stream().map(scored -> scored.logLikelihoods()).toList();
  }

  private static int best(double[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      best = scores[i] > scores[best] ? i : best;
    }
    return best;
  }
}
