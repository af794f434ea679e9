package io.fewshot.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fewshot.ladder.CorrectionEffect;
import io.fewshot.ladder.Evaluation;
import io.fewshot.ladder.EvaluationLine;
import io.fewshot.ladder.LadderSettings;
import io.fewshot.memory.Encoders;
import io.fewshot.model.BatchingQueue;
import io.fewshot.model.LanguageModels;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.ops.Settings;
import io.fewshot.prompt.Rung;
import io.fewshot.training.HeadTrainer;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** Measures a task's rungs. */
@picocli.CommandLine.Command(
    name = "eval",
    description = "Measures a task's rungs on messages with known labels; needs no broker.",
    footer = {
      "",
      "Example: ./fewshot eval --task banking.yaml --examples train.csv --test test.csv"
          + " --per-class 5"
    })
final class EvalCommand extends Command {

  @Option(names = "--task", required = true, paramLabel = "FILE", description = "The definition.")
  private String taskPath = "";

  @Option(
      names = "--examples",
      required = true,
      paramLabel = "FILE",
      description = "What the memory holds: text and label.")
  private String examplesPath = "";

  @Option(
      names = "--test",
      required = true,
      paramLabel = "FILE",
      description = "What is asked: text and label.")
  private String testPath = "";

  @Option(
      names = "--rungs",
      split = ",",
      paramLabel = "RUNG",
      description = "Only these (default: those of the task that can run).")
  private List<String> rungs = List.of();

  @Option(
      names = "--shots",
      split = ",",
      paramLabel = "N",
      description = "Numbers of examples in the prompt to try (default: the task's).")
  private List<Integer> shots = List.of();

  @Option(
      names = "--per-class",
      paramLabel = "N",
      description = "Draw so many examples of each label (default: all).")
  private int perClass;

  @Option(names = "--seed", paramLabel = "S", description = "Of the draw (default: 0).")
  private long seed;

  @Option(
      names = "--corrections",
      paramLabel = "N",
      description =
          "Measure instead what one correction does for the same wish in other words, on N pairs.")
  private int corrections;

  EvalCommand(Console console) {
    super(console);
  }

  @Override
  int run() {
    Evaluation.Plan plan = plan();
    Settings settings = Settings.load(Map.of(), null, System.getenv());
    Steps steps = new Steps(console);
    try (Encoders encoders = new Encoders();
        LanguageModels models =
            new LanguageModels(
                ModelStore.ofUser(),
                Precision.ofLabel(settings.dtype()),
                settings.device(),
                steps::download,
                BatchingQueue.Listener.NONE)) {
      Evaluation evaluation =
          new Evaluation(encoders, models::get, LadderSettings.DEFAULTS, HeadTrainer::ofExamples);
      if (corrections > 0) {
        CorrectionEffect effect = evaluation.corrections(plan, corrections, steps::at);
        steps.close();
        show(effect);
        return DONE;
      }
      if (!json) {
        console.result(
            "rung         shots      n  accuracy  macro F1    ECE   AURC  ms/message  tokens");
      }
      evaluation.run(plan, this::show, steps::at);
    } finally {
      steps.close();
    }
    return DONE;
  }

  private Evaluation.Plan plan() {
    if (perClass < 0) {
      throw new BadInputException("--per-class must be at least 1, not " + perClass);
    }
    if (corrections < 0) {
      throw new BadInputException("--corrections must be at least 1, not " + corrections);
    }
    if (shots.stream().anyMatch(n -> n < 0)) {
      throw new BadInputException("--shots are numbers from 0 on, such as 0,1,5,20");
    }
    TaskFile task = TaskFile.read(taskPath);
    Set<Rung> chosen = chosen(task);
    List<Row> examples = rows(examplesPath);
    List<Row> test = rows(testPath);
    EvalInputs inputs = new EvalInputs(task.definition(), examplesPath, examples, testPath, test);
    inputs.notes().forEach(console::say);
    return new Evaluation.Plan(
        task.definition(), plain(examples), plain(test), chosen, shots, perClass, seed);
  }

  private Set<Rung> chosen(TaskFile task) {
    Set<Rung> runnable = EnumSet.copyOf(LadderSettings.DEFAULTS.runnable());
    // Its release is the trainer's work of minutes; nothing here can have one.
    runnable.remove(Rung.FINE_TUNED);
    Set<Rung> chosen = EnumSet.noneOf(Rung.class);
    if (rungs.isEmpty()) {
      chosen.addAll(task.definition().rungs());
      chosen.retainAll(runnable);
    }
    for (String name : rungs) {
      chosen.add(
          Rung.ofLabel(name.strip())
              .filter(runnable::contains)
              .orElseThrow(
                  () ->
                      new BadInputException(
                          "no rung '%s' can be measured: choose of %s"
                              .formatted(name, labels(runnable)))));
    }
    if (chosen.isEmpty()) {
      throw new BadInputException(
          "%s has no rung that can be measured: choose of %s with --rungs"
              .formatted(taskPath, labels(runnable)));
    }
    return chosen;
  }

  private static String labels(Set<Rung> rungs) {
    return rungs.stream().sorted().map(Rung::label).collect(Collectors.joining(", "));
  }

  private List<Row> rows(String path) {
    List<Row> rows = InputFile.readAll(path, console);
    rows.forEach(row -> RowCheck.example(path, row));
    return rows;
  }

  private static List<Evaluation.Row> plain(List<Row> rows) {
    return rows.stream()
        .map(row -> new Evaluation.Row(row.text(), String.valueOf(row.label())))
        .toList();
  }

  private void show(EvaluationLine line) {
    if (json) {
      print(new ObjectMapper().valueToTree(line.fields()));
      return;
    }
    console.result(
        "%-12s %5d %6d  %s  %s  %s  %s  %10.1f  %6.0f"
            .formatted(
                line.rung(),
                line.shots(),
                line.n(),
                share(line.accuracy(), 8),
                share(line.macroF1(), 8),
                share(line.ece(), 5),
                share(line.aurc(), 5),
                line.msPerMessage(),
                line.tokensPerMessage()));
  }

  private void show(CorrectionEffect effect) {
    if (json) {
      print(
          JsonLines.object()
              .put("rung", "ladder")
              .put("corrections", effect.pairs())
              .put("right_before", effect.before())
              .put("right_after", effect.after())
              .put("of_wrong", effect.wrong())
              .put("of_wrong_right_before", effect.wrongBefore())
              .put("of_wrong_right_after", effect.wrongAfter()));
      return;
    }
    console.result("the same wish in other words, before and after one correction");
    console.result("corrected                     pairs  right before  right after");
    console.result(
        "wrong or not accepted        %6d  %12d  %11d"
            .formatted(effect.pairs(), effect.before(), effect.after()));
    console.result(
        "of those, answered wrongly   %6d  %12d  %11d"
            .formatted(effect.wrong(), effect.wrongBefore(), effect.wrongAfter()));
  }

  private static String share(double value, int width) {
    String text = Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.3f", value);
    return " ".repeat(Math.max(0, width - text.length())) + text;
  }
}
