package io.fewshot.training;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.model.LoraConfig;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.model.ProgressListener;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.prompt.Language;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Trains on Banking77 and says how right the result is. Arguments: examples per class (0 for all),
 * epochs, rank, batch, rate, head rate, smoothing, decay, and `test` for the test set instead of
 * what is left of the training set. With {@code -Dlessons=false} the encoder teaches nothing.
 */
final class FineTuneMain {

  private static final Path DATA = Path.of("../shared/data/banking77");
  private static final int LEFT = Integer.getInteger("left", 500);

  private FineTuneMain() {}

  public static void main(String[] args) throws Exception {
    int perClass = Integer.parseInt(args[0]);
    LoraSettings standard = LoraSettings.STANDARD;
    int rank = Integer.parseInt(args[2]);
    LoraSettings settings =
        new LoraSettings(
            new LoraConfig(rank, 2.0 * rank, LoraConfig.STANDARD.modules()),
            Integer.parseInt(args[1]),
            Integer.parseInt(args[3]),
            Double.parseDouble(args[4]),
            Double.parseDouble(args[5]),
            Double.parseDouble(args[7]),
            standard.warmUp(),
            standard.maxNorm(),
            Double.parseDouble(args[6]),
            Double.parseDouble(System.getProperty("dropout", "0.1")),
            100,
            standard.passTokens(),
            standard.maxTokens(),
            Long.getLong("seed", 1));
    List<LoraTrainer.Row> train = new ArrayList<>();
    List<LoraTrainer.Row> left = new ArrayList<>();
    List<LoraTrainer.Row> all = read("train.csv");
    Collections.shuffle(all, new Random(Long.getLong("draw", 7)));
    Map<String, Integer> drawn = new HashMap<>();
    for (LoraTrainer.Row row : all) {
      boolean taken = perClass == 0 || drawn.merge(row.label(), 1, Integer::sum) <= perClass;
      (taken ? train : left).add(row);
    }
    boolean test = args[8].equals("test");
    if (test) {
      left = read("test.csv");
    } else if (perClass == 0) {
      left = new ArrayList<>(train.subList(0, LEFT));
      train = train.subList(LEFT, train.size());
    }
    left = left.subList(0, Math.min(left.size(), test ? 10_000 : LEFT));
    if (!"false".equals(System.getProperty("lessons"))) {
      train = withVectors(train);
    }
    Path file = ModelStore.ofUser().fetch("smollm2-135m-instruct", ProgressListener.NONE);
    try (TorchLanguageModel model =
        TorchLanguageModel.loadToTrain("smollm2", file, Precision.AUTO, "cpu")) {
      long start = System.nanoTime();
      // The test set must not choose the epoch.
      LoraTrainer.Trained trained =
          new LoraTrainer(model, settings, (step, done) -> {})
              .classifier(train, test ? List.of() : left);
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.printf("%s%n%.1f s, %s%n", trained.parameters(), seconds, memory());
      List<int[]> prompts =
          left.stream()
              .map(
                  row ->
                      io.fewshot.ladder.FineTunedPrompt.classify(
                          model.tokenizer(), row.text(), settings.maxTokens()))
              .toList();
      start = System.nanoTime();
      List<double[]> answers = model.classify(trained.adapter(), prompts);
      seconds = (System.nanoTime() - start) / 1e9;
      int right = 0;
      for (int i = 0; i < left.size(); i++) {
        double[] p = answers.get(i);
        int best = 0;
        for (int k = 1; k < p.length; k++) {
          best = p[k] > p[best] ? k : best;
        }
        right += trained.adapter().labels().get(best).equals(left.get(i).label()) ? 1 : 0;
      }
      System.out.printf(
          "accuracy %.4f of %d at %.1f messages/s%n",
          right / (double) left.size(), left.size(), left.size() / seconds);
    }
  }

  private static List<LoraTrainer.Row> withVectors(List<LoraTrainer.Row> rows) {
    List<LoraTrainer.Row> all = new ArrayList<>();
    try (Encoders encoders = new Encoders()) {
      for (int from = 0; from < rows.size(); from += 256) {
        List<LoraTrainer.Row> some = rows.subList(from, Math.min(rows.size(), from + 256));
        List<Embedding> vectors =
            encoders.encode(Language.EN, some.stream().map(LoraTrainer.Row::text).toList());
        for (int i = 0; i < some.size(); i++) {
          LoraTrainer.Row row = some.get(i);
          all.add(new LoraTrainer.Row(row.text(), row.label(), vectors.get(i).vector()));
        }
      }
    }
    return all;
  }

  private static String memory() throws Exception {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmHWM") || line.startsWith("VmRSS"))
        .toList()
        .toString();
  }

  static List<LoraTrainer.Row> read(String name) throws Exception {
    List<LoraTrainer.Row> rows = new ArrayList<>();
    try (var reader = Files.newBufferedReader(DATA.resolve(name))) {
      var mapper = new com.fasterxml.jackson.dataformat.csv.CsvMapper();
      var schema = com.fasterxml.jackson.dataformat.csv.CsvSchema.emptySchema().withHeader();
      mapper
          .readerFor(Map.class)
          .with(schema)
          .<Map<String, String>>readValues(reader)
          .forEachRemaining(
              row -> rows.add(new LoraTrainer.Row(row.get("text"), row.get("category"))));
    }
    return rows;
  }
}
