package io.fewshot.training;

import io.fewshot.ladder.FineTunedPrompt;
import io.fewshot.ladder.Judge;
import io.fewshot.ladder.LadderSettings;
import io.fewshot.ladder.WrittenConfidence;
import io.fewshot.model.FineTuner;
import io.fewshot.model.Generated;
import io.fewshot.model.Generation;
import io.fewshot.model.LoraAdapter;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.model.ProgressListener;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.model.TuningSample;
import io.fewshot.prompt.Prompt;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Trains SmolLM2 to write the words of a Banking77 message's intent, and says how many of the
 * messages that were held out it answers word for word, before and after. Arguments: intents,
 * examples of each to train on, examples of each to hold out, epochs.
 */
final class WriteMain {

  private static final Path DATA = Path.of("../shared/data/banking77/train.csv");
  private static final TaskDefinition TASK =
      new TaskYaml()
          .parse(
              "task: intent\nkind: generate\nlanguage: en\n"
                  + "instruction: Say in a few words what the bank's customer wants.\n");

  private final TorchLanguageModel model;
  private final List<LoraTrainer.Row> held;

  private WriteMain(TorchLanguageModel model, List<LoraTrainer.Row> held) {
    this.model = model;
    this.held = held;
  }

  public static void main(String[] args) throws Exception {
    int intents = Integer.parseInt(args[0]);
    int each = Integer.parseInt(args[1]);
    int heldOut = Integer.parseInt(args[2]);
    List<LoraTrainer.Row> train = new ArrayList<>();
    List<LoraTrainer.Row> held = new ArrayList<>();
    Map<String, Integer> drawn = new HashMap<>();
    List<LoraTrainer.Row> all = rows();
    Collections.shuffle(all, new Random(7));
    for (LoraTrainer.Row row : all) {
      if (drawn.containsKey(row.label()) || drawn.size() < intents) {
        int count = drawn.merge(row.label(), 1, Integer::sum);
        if (count <= each) {
          train.add(row);
        } else if (count <= each + heldOut) {
          held.add(row);
        }
      }
    }
    LoraSettings standard = LoraSettings.STANDARD;
    LoraSettings settings =
        new LoraSettings(
            standard.lora(),
            Integer.parseInt(args[3]),
            standard.batch(),
            standard.rate(),
            standard.headRate(),
            standard.decay(),
            standard.warmUp(),
            standard.maxNorm(),
            0,
            0,
            standard.patience(),
            standard.passTokens(),
            standard.maxTokens(),
            1);
    Path file = ModelStore.ofUser().fetch("smollm2-135m-instruct", ProgressListener.NONE);
    try (TorchLanguageModel model =
        TorchLanguageModel.loadToTrain("smollm2", file, Precision.AUTO, "cpu")) {
      WriteMain main = new WriteMain(model, held);
      LoraAdapter nothing = model.untrained(settings.lora(), List.of(), 1);
      main.report("before", nothing);
      long start = System.nanoTime();
      LoraTrainer.Trained trained =
          new LoraTrainer(model, settings, (step, done) -> {}).writer(TASK, train, held);
      System.out.printf(
          "%s%n%.1f s, %s%n", trained.parameters(), (System.nanoTime() - start) / 1e9, memory());
      main.report("after", trained.adapter());
    }
  }

  private void report(String when, LoraAdapter adapter) {
    int budget = LadderSettings.DEFAULTS.promptBudget();
    List<Generation> requests = new ArrayList<>();
    for (LoraTrainer.Row row : held) {
      Prompt prompt = FineTunedPrompt.write(model, TASK, row.text(), budget);
      requests.add(new Generation(prompt.shared(), prompt.ids(), 24, List.of()));
    }
    long start = System.nanoTime();
    List<Generated> written = model.generate(adapter, requests);
    double seconds = (System.nanoTime() - start) / 1e9;
    int right = 0;
    List<WrittenConfidence.Judged> judged = new ArrayList<>();
    for (int i = 0; i < held.size(); i++) {
      boolean is = Judge.isRight(TASK.kind(), held.get(i).label(), written.get(i).text());
      right += is ? 1 : 0;
      double words = Math.exp(Arrays.stream(written.get(i).logProbabilities()).sum());
      judged.add(new WrittenConfidence.Judged(words, is));
    }
    WrittenConfidence confidence = WrittenConfidence.fit(judged);
    double sure =
        judged.stream().mapToDouble(j -> confidence.of(j.probability())).average().orElse(0);
    int tokens = written.stream().mapToInt(w -> w.logProbabilities().length).sum();
    List<TuningSample> samples =
        held.stream()
            .map(
                row ->
                    TuningSample.ofCompletion(
                        FineTunedPrompt.write(model, TASK, row.text(), budget).ids(),
                        model.completion(row.label()),
                        1))
            .toList();
    double loss;
    FineTuner.Options none = new FineTuner.Options(step -> 0, step -> 0, 0, 1, 0, 512);
    try (FineTuner tuner = model.fineTune(adapter, none)) {
      int predicted = samples.stream().mapToInt(sample -> sample.rows().length).sum();
      loss = -Arrays.stream(tuner.measure(samples)).sum() / predicted;
    }
    System.out.printf(
        "%s: loss %.3f a token, %d of %d word for word, %s, sure of %.3f on average; %.1f tokens/s; e.g. \"%s\" -> \"%s\"%n",
        when,
        loss,
        right,
        held.size(),
        confidence,
        sure,
        tokens / seconds,
        held.get(0).text(),
        written.get(0).text());
  }

  private static String memory() throws Exception {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmHWM"))
        .toList()
        .toString();
  }

  private static List<LoraTrainer.Row> rows() throws Exception {
    return FineTuneMain.read("train.csv").stream()
        .map(row -> new LoraTrainer.Row(row.text(), row.label().replace('_', ' ')))
        .toList();
  }
}
