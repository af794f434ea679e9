package io.fewshot.training;

import io.fewshot.event.Split;
import io.fewshot.event.TrainingExample;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.StoredExample;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The vectors that the cluster made of a data set; what has none yet is encoded here. */
record DatasetVectors(Connection connection, Encoders encoders) {

  private static final int ENCODE_BATCH = 256;

  /** What is trained on, and what a candidate is judged by. */
  record Sides(List<StoredExample> train, List<StoredExample> holdout) {}

  /** The data set with vectors; only labels that the task declares, if it declares some. */
  Sides embed(TaskDefinition task, Dataset dataset, HeadTraining.Progress progress) {
    Map<String, Embedding> known = dataset.knownVectors(connection);
    List<Map.Entry<String, TrainingExample>> wanted =
        dataset.examples().entrySet().stream()
            .filter(
                e -> task.labels().isEmpty() || task.labels().containsKey(e.getValue().getOutput()))
            .toList();
    List<Map.Entry<String, TrainingExample>> missing =
        wanted.stream().filter(e -> !known.containsKey(e.getKey())).toList();
    for (int from = 0; from < missing.size(); from += ENCODE_BATCH) {
      TrainingStoppedException.check();
      progress.at("encoding", from / (double) missing.size());
      List<Map.Entry<String, TrainingExample>> batch =
          missing.subList(from, Math.min(missing.size(), from + ENCODE_BATCH));
      List<Embedding> embeddings =
          encoders.encode(
              task.language(), batch.stream().map(e -> e.getValue().getInput()).toList());
      for (int i = 0; i < batch.size(); i++) {
        known.put(batch.get(i).getKey(), embeddings.get(i));
      }
    }
    Sides sides = new Sides(new ArrayList<>(), new ArrayList<>());
    for (Map.Entry<String, TrainingExample> entry : wanted) {
      TrainingExample example = entry.getValue();
      Embedding embedding = known.get(entry.getKey());
      if (embedding != null) {
        (example.getSplit() == Split.TRAIN ? sides.train : sides.holdout)
            .add(
                StoredExample.undated(
                    task.task(),
                    example.getExampleId(),
                    example.getInput(),
                    example.getOutput(),
                    embedding));
      }
    }
    return sides;
  }
}
