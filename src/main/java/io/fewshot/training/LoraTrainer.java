package io.fewshot.training;

import io.fewshot.ladder.FineTunedPrompt;
import io.fewshot.ladder.Judge;
import io.fewshot.ladder.LadderSettings;
import io.fewshot.model.FineTuner;
import io.fewshot.model.LoraAdapter;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.model.TuningSample;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains an adapter for a task. Examples are drawn anew for each epoch, in steps of examples of
 * similar length; after each epoch the holdout is asked, and the best epoch is kept.
 */
public final class LoraTrainer {

  private static final Logger LOG = LoggerFactory.getLogger(LoraTrainer.class);

  private final TorchLanguageModel model;
  private final LoraSettings settings;
  private final HeadTraining.Progress progress;

  /**
   * A message and its right label, or output.
   *
   * @param vector what the task's sentence encoder makes of the message; may be empty
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Row(String text, String label, float[] vector) {

    public Row(String text, String label) {
      this(text, label, new float[0]);
    }
  }

  /**
   * What came out.
   *
   * @param parameters how it was done and how it went
   */
  public record Trained(LoraAdapter adapter, Map<String, Double> parameters) {}

  private record Epoch(LoraAdapter adapter, int number, double accuracy, double loss) {

    boolean isBetterThan(Epoch other) {
      return accuracy > other.accuracy || accuracy == other.accuracy && loss < other.loss;
    }
  }

  public LoraTrainer(
      TorchLanguageModel model, LoraSettings settings, HeadTraining.Progress progress) {
    this.model = model;
    this.settings = settings;
    this.progress = progress;
  }

  /**
   * Trains a classifier; with {@link Lessons} where examples are few and all have vectors.
   *
   * @param holdout decides which epoch is kept; may be empty
   * @throws TrainingStoppedException when the thread is interrupted
   */
  public Trained classifier(List<Row> train, List<Row> holdout) {
    List<String> labels = List.copyOf(new TreeSet<>(train.stream().map(Row::label).toList()));
    Map<String, Double> weights = balance(train);
    Function<Row, TuningSample> sample =
        row ->
            TuningSample.ofLabel(
                FineTunedPrompt.classify(model.tokenizer(), row.text(), settings.maxTokens()),
                labels.indexOf(row.label()),
                weights.getOrDefault(row.label(), 1.0));
    List<TuningSample> samples = train.stream().map(sample).toList();
    List<TuningSample> held =
        holdout.stream().filter(row -> labels.contains(row.label())).map(sample).toList();
    LoraAdapter start = model.untrained(settings.lora(), labels, settings.seed());
    boolean lessons = settings.lessonsFor(train.size()) && Lessons.canBe(train);
    return train(start, lessons ? taught(train, labels, samples) : samples, held);
  }

  private static List<TuningSample> taught(
      List<Row> rows, List<String> labels, List<TuningSample> samples) {
    Lessons lessons = new Lessons(rows, labels);
    return IntStream.range(0, rows.size())
        .mapToObj(i -> samples.get(i).withShares(lessons.of(i)))
        .toList();
  }

  /**
   * Trains one that writes, on the tokens of its answers alone. An answer longer than any that is
   * written is left out.
   *
   * @param holdout decides by its loss which epoch is kept; may be empty
   * @throws TrainingStoppedException when the thread is interrupted
   */
  public Trained writer(TaskDefinition task, List<Row> train, List<Row> holdout) {
    LoraAdapter start = model.untrained(settings.lora(), List.of(), settings.seed());
    return train(start, conversations(task, train), conversations(task, holdout));
  }

  private List<TuningSample> conversations(TaskDefinition task, List<Row> rows) {
    int budget = LadderSettings.DEFAULTS.promptBudget();
    List<TuningSample> samples = new ArrayList<>();
    for (Row row : rows) {
      // As it is judged: what JSON means the same need not be learned in several ways.
      int[] answer = model.completion(Judge.comparable(task.kind(), row.label()));
      if (answer.length > 0 && answer.length <= FineTunedPrompt.MAX_ANSWER_TOKENS) {
        int[] prompt = FineTunedPrompt.write(model, task, row.text(), budget).ids();
        samples.add(TuningSample.ofCompletion(prompt, answer, 1));
      }
    }
    return samples;
  }

  /** Rare labels weigh more, by the square root; the mean over all examples is 1. */
  private static Map<String, Double> balance(List<Row> rows) {
    Map<String, Double> weights = new LinkedHashMap<>();
    rows.stream()
        .collect(Collectors.groupingBy(Row::label, Collectors.counting()))
        .forEach((label, count) -> weights.put(label, 1 / Math.sqrt(count)));
    double mean =
        rows.stream()
            .mapToDouble(row -> weights.getOrDefault(row.label(), 1.0))
            .average()
            .orElse(1);
    weights.replaceAll((label, weight) -> weight / mean);
    return weights;
  }

  private Trained train(LoraAdapter start, List<TuningSample> samples, List<TuningSample> held) {
    int perEpoch = (samples.size() + settings.batch() - 1) / settings.batch();
    int epochs = settings.epochsFor(samples.size());
    int steps = perEpoch * epochs;
    FineTuner.Options options =
        new FineTuner.Options(
            step -> settings.rateAt(settings.rate(), step, steps),
            step -> settings.rateAt(settings.headRate(), step, steps),
            settings.decay(),
            settings.maxNorm(),
            start.labels().isEmpty() ? 0 : settings.smoothing(),
            settings.passTokens());
    Batches order =
        new Batches(
            samples,
            settings.batch(),
            settings.dropout(),
            FineTunedPrompt.closing(model.tokenizer()),
            settings.seed());
    long computing = 0;
    long tokens = 0;
    int skipped = 0;
    Epoch best = null;
    Epoch last = null;
    try (FineTuner tuner = model.fineTune(start, options)) {
      int step = 0;
      for (int epoch = 1; epoch <= epochs; epoch++) {
        double loss = 0;
        for (List<TuningSample> batch : order.next()) {
          TrainingStoppedException.check();
          long began = System.nanoTime();
          FineTuner.Step done = tuner.step(batch);
          computing += System.nanoTime() - began;
          tokens += done.tokens();
          skipped += Double.isFinite(done.norm()) ? 0 : 1;
          loss += done.loss();
          progress.at("training", ++step / (double) steps);
        }
        last = measured(tuner, epoch, held);
        LOG.info(
            "Epoch {}: loss {}, on the holdout accuracy {} and loss {}; {} tokens/s",
            epoch,
            loss / perEpoch,
            last.accuracy,
            last.loss,
            tokens * 1_000_000_000L / computing);
        if (best == null || held.isEmpty() || last.isBetterThan(best)) {
          best = last;
        } else if (epoch - best.number >= settings.patience()) {
          break;
        }
      }
    }
    if (best == null || last == null) {
      throw new IllegalArgumentException("there is nothing to train on");
    }
    Map<String, Double> parameters = new LinkedHashMap<>();
    parameters.put("rows", (double) samples.size());
    parameters.put("labels", (double) start.labels().size());
    parameters.put("rank", (double) settings.lora().rank());
    parameters.put("alpha", settings.lora().alpha());
    parameters.put("batch", (double) settings.batch());
    parameters.put("rate", settings.rate());
    parameters.put("head_rate", settings.headRate());
    parameters.put("smoothing", start.labels().isEmpty() ? 0 : settings.smoothing());
    parameters.put("dropout", settings.dropout());
    long taught = samples.stream().filter(sample -> sample.shares().length > 0).count();
    parameters.put("taught", (double) taught);
    parameters.put("seed", (double) settings.seed());
    parameters.put("epochs", (double) last.number);
    parameters.put("best_epoch", (double) best.number);
    parameters.put("holdout_loss", best.loss);
    parameters.put("skipped_steps", (double) skipped);
    parameters.put("tokens", (double) tokens);
    parameters.put("tokens_per_s", tokens * 1e9 / Math.max(1, computing));
    return new Trained(best.adapter, parameters);
  }

  private Epoch measured(FineTuner tuner, int epoch, List<TuningSample> held) {
    LoraAdapter adapter = tuner.adapter("candidate");
    if (held.isEmpty()) {
      return new Epoch(adapter, epoch, 0, 0);
    }
    double loss = 0;
    double right = 0;
    if (adapter.labels().isEmpty()) {
      int predictions = held.stream().mapToInt(sample -> sample.rows().length).sum();
      loss = -Arrays.stream(tuner.measure(held)).sum() / predictions;
    } else {
      float[][] logits = tuner.classify(held);
      for (int i = 0; i < logits.length; i++) {
        int target = held.get(i).targets()[0];
        loss += (logSum(logits[i]) - logits[i][target]) / logits.length;
        right += best(logits[i]) == target ? 1.0 / logits.length : 0;
      }
    }
    return new Epoch(adapter, epoch, right, loss);
  }

  private static double logSum(float[] logits) {
    double max = logits[best(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return max + Math.log(sum);
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }
}
