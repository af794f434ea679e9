package io.fewshot.ladder;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import io.fewshot.memory.Encoders;
import io.fewshot.model.LanguageModel;
import io.fewshot.model.Precision;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * Measures by hand, from the IDE or a shell: {@code yaml=… examples=… test=…
 * rungs=neighbours,few-shot perClass=5 seed=1 limit=300 model=FILE}. {@code split=0.5} takes the
 * test from the examples file instead of a test file.
 */
final class MeasureMain {

  public static void main(String[] arguments) throws IOException {
    Map<String, String> options = new LinkedHashMap<>();
    for (String argument : arguments) {
      options.put(argument.split("=", 2)[0], argument.split("=", 2)[1]);
    }
    TaskDefinition task = new TaskYaml().parse(options.get("yaml"));
    List<Evaluation.Row> examples = read(options.get("examples"));
    List<Evaluation.Row> test;
    if (options.containsKey("split")) {
      List<Evaluation.Row> all = new ArrayList<>(examples);
      Collections.shuffle(all, new Random(99));
      int cut = (int) (all.size() * Double.parseDouble(options.get("split")));
      examples = all.subList(0, cut);
      test = all.subList(cut, all.size());
    } else {
      test = new ArrayList<>(read(options.get("test")));
      Collections.shuffle(test, new Random(99));
    }
    int limit = Integer.parseInt(options.getOrDefault("limit", "1000000"));
    test = test.subList(0, Math.min(limit, test.size()));
    Set<Rung> rungs = new TreeSet<>();
    Arrays.stream(options.getOrDefault("rungs", "neighbours").split(","))
        .forEach(name -> rungs.add(Rung.ofLabel(name).orElseThrow()));
    List<Integer> shots =
        options.containsKey("shots")
            ? Arrays.stream(options.get("shots").split(",")).map(Integer::valueOf).toList()
            : List.of();
    LadderSettings defaults = LadderSettings.DEFAULTS;
    LadderSettings settings =
        new LadderSettings(
            rungs,
            defaults.promptBudget(),
            defaults.sample(),
            Integer.parseInt(options.getOrDefault("fewShotSample", "48")),
            defaults.fineTunedSample());
    try (Encoders encoders = new Encoders();
        LanguageModel model =
            rungs.contains(Rung.FEW_SHOT)
                ? TorchLanguageModel.load(
                    "smollm2", Path.of(options.get("model")), Precision.AUTO, "auto")
                : null) {
      Evaluation evaluation = new Evaluation(encoders, name -> model, settings);
      ObjectMapper json = new ObjectMapper();
      for (String seed : options.getOrDefault("seed", "0").split(",")) {
        int perClass = Integer.parseInt(options.getOrDefault("perClass", "0"));
        evaluation.run(
            new Evaluation.Plan(task, examples, test, rungs, shots, perClass, Long.parseLong(seed)),
            line -> System.out.println(seed + " " + write(json, line)),
            (what, done, total) -> {});
      }
    }
  }

  private static String write(ObjectMapper json, EvaluationLine line) {
    try {
      return json.writeValueAsString(line.fields());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<Evaluation.Row> read(String file) throws IOException {
    try (MappingIterator<Map<String, String>> rows =
        new CsvMapper()
            .readerForMapOf(String.class)
            .with(CsvSchema.emptySchema().withHeader())
            .readValues(Path.of(file).toFile())) {
      List<Evaluation.Row> read = new ArrayList<>();
      while (rows.hasNext()) {
        Map<String, String> row = rows.next();
        String label = row.containsKey("label") ? row.get("label") : row.get("category");
        read.add(new Evaluation.Row(row.get("text"), label));
      }
      return read;
    }
  }
}
