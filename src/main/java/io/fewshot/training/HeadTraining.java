package io.fewshot.training;

import io.fewshot.event.Method;
import io.fewshot.event.ModelRelease;
import io.fewshot.ladder.LinearHead;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.StoredExample;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Trains a linear head for a task and puts it before the gate. The vectors are those that the
 * cluster made of the examples; what has none yet is encoded here.
 *
 * <p>Limitation: a head reads the vectors of one encoder. In a task of several languages it is the
 * one of most examples, and the messages of the others pass the head over.
 */
final class HeadTraining {

  private final Connection connection;
  private final Encoders encoders;
  private final Gate gate;
  private final int leastHoldout;

  HeadTraining(Connection connection, Encoders encoders, Gate gate, int leastHoldout) {
    this.connection = connection;
    this.encoders = encoders;
    this.gate = gate;
    this.leastHoldout = leastHoldout;
  }

  /** Told what is done and how far, from 0 to 1. */
  @FunctionalInterface
  interface Progress {
    void at(String step, double done);
  }

  /**
   * @throws TrainingStoppedException when the thread is interrupted
   */
  Outcome run(TaskDefinition task, Progress progress) {
    if (!task.rungs().contains(Rung.HEAD)) {
      return Outcome.rejected("the task does not use the rung head");
    }
    progress.at("reading the data set", 0);
    Dataset dataset = Dataset.read(connection, task.task());
    DatasetVectors.Sides sides =
        new DatasetVectors(connection, encoders).embed(task, dataset, progress);
    List<StoredExample> train = sides.train();
    List<StoredExample> holdout = sides.holdout();
    Optional<String> encoder = HeadTrainer.mostUsed(train);
    train.removeIf(example -> !example.encoder().equals(encoder.orElse("")));
    List<HeadTrainer.Row> rows =
        train.stream()
            .map(each -> new HeadTrainer.Row(each.input(), each.output(), each.vector()))
            .toList();
    if (encoder.isEmpty() || !HeadTrainer.suffices(rows)) {
      return Outcome.rejected(
          "%d examples to train on are too few, or all of one label: it takes %d of two"
              .formatted(train.size(), HeadTrainer.LEAST_ROWS));
    }
    long start = System.nanoTime();
    HeadTrainer.Trained trained =
        HeadTrainer.train(
            rows, encoder.get(), "candidate", share -> progress.at("training", share));
    double seconds = (System.nanoTime() - start) / 1e9;
    progress.at("comparing", 0);
    return judge(task, dataset, train, holdout, trained, seconds);
  }

  private Outcome judge(
      TaskDefinition task,
      Dataset dataset,
      List<StoredExample> train,
      List<StoredExample> holdout,
      HeadTrainer.Trained trained,
      double seconds) {
    ReleaseBook book = ReleaseBook.read(connection);
    Optional<ModelRelease> serving = book.serving(new ReleaseBook.Slot(task.task(), Method.HEAD));
    boolean forgets = serving.map(r -> dataset.removedSince(r.getDatasetOffsets())).orElse(false);
    Optional<LinearHead> incumbent =
        serving.flatMap(release -> new Artifacts(connection).ifLoads(release, HeadFiles::read));
    Gate.Verdict verdict;
    try (HeadTrial trial = new HeadTrial(encoders, task)) {
      verdict =
          holdout.size() >= leastHoldout
              ? trial.onHoldout(gate, train, holdout, trained.head(), incumbent, reason(forgets))
              : trial.byCrossValidation(
                  gate, train, holdout, trained.head(), incumbent, reason(forgets));
    }
    Map<String, Double> metrics = new LinkedHashMap<>(trained.parameters());
    metrics.putAll(Gate.metrics(verdict));
    metrics.put("holdout", (double) holdout.size());
    metrics.put("training_seconds", seconds);
    if (!verdict.released()) {
      return new Outcome.Rejected(verdict.why(), metrics);
    }
    Artifact artifact = HeadFiles.write(trained.head(), training(task, dataset, trained));
    return new Outcome.Passed(
        trained.head().encoder(), artifact, dataset.releaseOffsets(), verdict.why(), metrics);
  }

  private static Gate.Reason reason(boolean forgets) {
    return forgets ? Gate.Reason.FORGETS : Gate.Reason.NONE;
  }

  private static Map<String, Object> training(
      TaskDefinition task, Dataset dataset, HeadTrainer.Trained trained) {
    Map<String, Object> training = new LinkedHashMap<>();
    training.put("task", task.task());
    training.put("dataset_offsets", dataset.releaseOffsets());
    training.put("parameters", trained.parameters());
    training.put("seed", "none: nothing is drawn at random");
    return training;
  }
}
