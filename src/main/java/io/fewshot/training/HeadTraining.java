package io.fewshot.training;

import io.fewshot.event.Method;
import io.fewshot.event.ModelRelease;
import io.fewshot.event.Split;
import io.fewshot.event.TrainingExample;
import io.fewshot.ladder.LinearHead;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.StoredExample;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a linear head for a task and puts it before the gate. The vectors are those that the
 * cluster made of the examples; what has none yet is encoded here.
 *
 * <p>Limitation: a head reads the vectors of one encoder. In a task of several languages it is the
 * one of most examples, and the messages of the others pass the head over.
 */
final class HeadTraining {

  private static final Logger LOG = LoggerFactory.getLogger(HeadTraining.class);
  private static final int ENCODE_BATCH = 256;
  private static final DateTimeFormatter VERSION =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

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
      return rejected("the task does not use the rung head");
    }
    progress.at("reading the data set", 0);
    Dataset dataset = Dataset.read(connection, task.task());
    List<StoredExample> train = new ArrayList<>();
    List<StoredExample> holdout = new ArrayList<>();
    embed(task, dataset, progress)
        .forEach((key, split) -> (split == Split.TRAIN ? train : holdout).add(key));
    Optional<String> encoder = HeadTrainer.mostUsed(train);
    train.removeIf(example -> !example.encoder().equals(encoder.orElse("")));
    List<HeadTrainer.Row> rows =
        train.stream()
            .map(each -> new HeadTrainer.Row(each.input(), each.output(), each.vector()))
            .toList();
    if (encoder.isEmpty() || !HeadTrainer.suffices(rows)) {
      return rejected(
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

  private static Outcome rejected(String why) {
    return new Outcome.Rejected(why, Map.of());
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
    Optional<LinearHead> incumbent = serving.flatMap(this::load);
    Gate.Verdict verdict;
    try (HeadTrial trial = new HeadTrial(encoders, task)) {
      verdict =
          holdout.size() >= leastHoldout
              ? trial.onHoldout(gate, train, holdout, trained.head(), incumbent, reason(forgets))
              : trial.byCrossValidation(
                  gate, train, holdout, trained.head(), incumbent, reason(forgets));
    }
    Map<String, Double> metrics = new LinkedHashMap<>(trained.parameters());
    metrics.put("accuracy", verdict.candidate());
    metrics.put("incumbent_accuracy", verdict.incumbent());
    metrics.put("compared", (double) verdict.test().n());
    metrics.put("won", (double) verdict.test().better());
    metrics.put("lost", (double) verdict.test().worse());
    metrics.put("p_value", verdict.test().pValue());
    metrics.put("holdout", (double) holdout.size());
    metrics.put("training_seconds", seconds);
    if (!verdict.released()) {
      return new Outcome.Rejected(verdict.why(), metrics);
    }
    Artifact artifact = HeadFiles.write(trained.head(), training(task, dataset, trained));
    String version = VERSION.format(Instant.now()) + "-" + artifact.sha256().substring(0, 8);
    return new Outcome.Passed(
        version,
        trained.head().encoder(),
        artifact,
        dataset.releaseOffsets(),
        verdict.why(),
        metrics);
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

  private Optional<LinearHead> load(ModelRelease release) {
    try {
      Artifact artifact =
          new Artifacts(connection).fetch(release.getArtifact(), release.getSha256());
      return Optional.of(HeadFiles.read(artifact, release.getVersion()));
    } catch (ReleaseException e) {
      LOG.warn(
          "Task {}: the release {} that should serve does not load, so it counts as none: {}",
          release.getTask(),
          release.getVersion(),
          e.getMessage());
      return Optional.empty();
    }
  }

  /** The data set with vectors; only labels that the task declares, if it declares some. */
  private Map<StoredExample, Split> embed(TaskDefinition task, Dataset dataset, Progress progress) {
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
    Map<StoredExample, Split> embedded = new LinkedHashMap<>();
    for (Map.Entry<String, TrainingExample> entry : wanted) {
      TrainingExample example = entry.getValue();
      Embedding embedding = known.get(entry.getKey());
      if (embedding != null) {
        embedded.put(
            new StoredExample(
                task.task(),
                example.getExampleId(),
                example.getInput(),
                example.getOutput(),
                Instant.EPOCH,
                embedding.encoder(),
                embedding.vector()),
            example.getSplit());
      }
    }
    return embedded;
  }
}
