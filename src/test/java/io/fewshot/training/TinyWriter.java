package io.fewshot.training;

import io.fewshot.ladder.FineTuned;
import io.fewshot.model.LoraConfig;
import io.fewshot.model.Precision;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.prompt.TaskDefinition;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Teaches a tiny model by heart to write what thing a few words name, as JSON. It cannot be very
 * sure of any token: its hidden states and embeddings are too short for large logits.
 */
public final class TinyWriter {

  static final LoraSettings BY_HEART =
      new LoraSettings(
          new LoraConfig(8, 16, LoraConfig.STANDARD.modules()),
          60,
          4,
          0.01,
          0.01,
          0,
          0.1,
          1,
          0,
          0,
          100,
          1024,
          64,
          1);

  private TinyWriter() {}

  /**
   * @param file of the tiny model
   * @param task of kind extract
   */
  public static FineTuned release(Path file, TaskDefinition task, String version) {
    try (TorchLanguageModel model =
        TorchLanguageModel.loadToTrain("tiny", file, Precision.FP32, "cpu")) {
      LoraTrainer.Trained trained =
          new LoraTrainer(model, BY_HEART, (step, done) -> {}).writer(task, rows(), List.of());
      return new FineTuned(trained.adapter().as(version), task.model(), 1, 64, Set.of());
    }
  }

  static List<LoraTrainer.Row> rows() {
    List<LoraTrainer.Row> rows = new ArrayList<>();
    for (String word : List.of("cat", "oak", "sea", "ice")) {
      for (String opening : List.of("a ", "the ", "my ")) {
        rows.add(
            new LoraTrainer.Row(opening + (word + " ").repeat(4), "{ \"is\": \"" + word + "\" }"));
      }
    }
    return rows;
  }
}
