package io.fewshot.training;

import io.fewshot.event.Method;
import io.fewshot.event.ModelRelease;
import io.fewshot.ladder.FineTuned;
import io.fewshot.ladder.FineTunedPrompt;
import io.fewshot.ladder.LinearHead;
import io.fewshot.ladder.WrittenConfidence;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.StoredExample;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.ops.Settings;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Trains an adapter of the task's language model and puts it before the gate. The language model is
 * loaded for the training and freed after it.
 */
final class LoraTraining {

  private final Connection connection;
  private final Encoders encoders;
  private final Gate gate;
  private final LoraSettings lora;

  LoraTraining(Connection connection, Encoders encoders, Gate gate, LoraSettings lora) {
    this.connection = connection;
    this.encoders = encoders;
    this.gate = gate;
    this.lora = lora;
  }

  /**
   * @throws TrainingStoppedException when the thread is interrupted
   */
  Outcome run(TaskDefinition task, HeadTraining.Progress progress) {
    if (!task.rungs().contains(Rung.FINE_TUNED)) {
      return Outcome.rejected("the task does not use the rung fine-tuned");
    }
    progress.at("reading the data set", 0);
    Dataset dataset = Dataset.read(connection, task.task());
    int least = connection.settings().trainerHoldout();
    DatasetVectors.Sides sides =
        new DatasetVectors(connection, encoders).embed(task, dataset, progress);
    List<StoredExample> train = sides.train();
    List<StoredExample> holdout = sides.holdout();
    if (holdout.size() < least) {
      return Outcome.rejected(
          "it waits: %d messages are held out to judge it by, and it takes %d"
              .formatted(holdout.size(), least));
    }
    long labels = train.stream().map(StoredExample::output).distinct().count();
    if (train.size() < HeadTrainer.LEAST_ROWS || labels < 2 && task.kind() == Kind.CLASSIFY) {
      return Outcome.rejected(
          "%d examples to train on are too few, or all of one label: it takes %d of two"
              .formatted(train.size(), HeadTrainer.LEAST_ROWS));
    }
    try (TorchLanguageModel model = load(task.model(), progress)) {
      return train(task, dataset, train, holdout, model, progress);
    }
  }

  private TorchLanguageModel load(String name, HeadTraining.Progress progress) {
    progress.at("loading the model", 0);
    Path file =
        ModelStore.ofUser()
            .fetch(
                name,
                (what, done, total) ->
                    progress.at("fetching the model", total > 0 ? done / (double) total : 0));
    Settings settings = connection.settings();
    return TorchLanguageModel.loadToTrain(
        // A path's last part: versions appear in releases and need not tell where files lie.
        String.valueOf(Path.of(name).getFileName()),
        file,
        Precision.ofLabel(settings.dtype()),
        settings.device());
  }

  private Outcome train(
      TaskDefinition task,
      Dataset dataset,
      List<StoredExample> train,
      List<StoredExample> holdout,
      TorchLanguageModel model,
      HeadTraining.Progress progress) {
    long start = System.nanoTime();
    LoraTrainer.Trained trained =
        task.kind() == Kind.CLASSIFY
            ? new LoraTrainer(model, lora, progress).classifier(rows(train), rows(holdout))
            : new LoraTrainer(model, lora, progress).writer(task, rows(train), rows(holdout));
    double seconds = (System.nanoTime() - start) / 1e9;
    FineTuned candidate = candidate(task, model, trained, train, holdout);
    ReleaseBook book = ReleaseBook.read(connection);
    Optional<ModelRelease> serving = book.serving(new ReleaseBook.Slot(task.task(), Method.LORA));
    Artifacts artifacts = new Artifacts(connection);
    Optional<FineTuned> incumbent =
        serving.flatMap(release -> artifacts.ifLoads(release, LoraFiles::read));
    boolean forgets = serving.map(r -> dataset.removedSince(r.getDatasetOffsets())).orElse(false);
    Optional<LinearHead> head =
        book.serving(new ReleaseBook.Slot(task.task(), Method.HEAD))
            .flatMap(release -> artifacts.ifLoads(release, HeadFiles::read));
    LoraTrial.Decision decision;
    try (LoraTrial trial = new LoraTrial(encoders, task, model, head, progress)) {
      decision = trial.decide(gate, train, holdout, candidate, incumbent, forgets);
    }
    Gate.Verdict verdict = decision.verdict();
    Map<String, Double> metrics = new LinkedHashMap<>(trained.parameters());
    if (candidate.writes()) {
      candidate = candidate.with(WrittenConfidence.fit(decision.judged()));
      metrics.put("confidence_offset", candidate.confidence().offset());
      metrics.put("confidence_slope", candidate.confidence().slope());
    } else {
      metrics.put("temperature", candidate.temperature());
    }
    metrics.putAll(Gate.metrics(verdict));
    metrics.put("holdout", (double) holdout.size());
    metrics.put("training_seconds", seconds);
    if (!verdict.released()) {
      return new Outcome.Rejected(verdict.why(), metrics);
    }
    Map<String, Object> training = new LinkedHashMap<>();
    training.put("task", task.task());
    training.put("base_model", model.version());
    training.put("dataset_offsets", dataset.releaseOffsets());
    training.put("parameters", trained.parameters());
    training.put("seed", lora.seed());
    Artifact artifact = LoraFiles.write(candidate, model.layout(lora.lora()), training);
    return new Outcome.Passed(
        model.version(), artifact, dataset.releaseOffsets(), verdict.why(), metrics);
  }

  private FineTuned candidate(
      TaskDefinition task,
      TorchLanguageModel model,
      LoraTrainer.Trained trained,
      List<StoredExample> train,
      List<StoredExample> holdout) {
    return new FineTuned(
        trained.adapter(),
        task.model(),
        task.kind() == Kind.CLASSIFY ? temperature(model, trained, holdout) : 1,
        lora.maxTokens(),
        train.stream().map(example -> FineTuned.mark(example.input())).collect(Collectors.toSet()));
  }

  private double temperature(
      TorchLanguageModel model, LoraTrainer.Trained trained, List<StoredExample> holdout) {
    List<String> labels = trained.adapter().labels();
    List<StoredExample> known =
        holdout.stream().filter(example -> labels.contains(example.output())).toList();
    List<double[]> answers =
        model.classify(
            trained.adapter(),
            known.stream()
                .map(
                    example ->
                        FineTunedPrompt.classify(
                            model.tokenizer(), example.input(), lora.maxTokens()))
                .toList());
    return Temperature.fit(
        answers, known.stream().map(example -> labels.indexOf(example.output())).toList());
  }

  private static List<LoraTrainer.Row> rows(List<StoredExample> examples) {
    // Vectors of two encoders say nothing of each other.
    boolean comparable = examples.stream().map(StoredExample::encoder).distinct().count() == 1;
    return examples.stream()
        .map(
            example ->
                comparable
                    ? new LoraTrainer.Row(example.input(), example.output(), example.vector())
                    : new LoraTrainer.Row(example.input(), example.output()))
        .toList();
  }
}
