package io.fewshot.training;

import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import io.fewshot.ladder.LinearHead;
import io.fewshot.memory.Encoders;
import io.fewshot.prompt.Language;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Measures the training of a head with vectors at hand. Arguments: a folder with {@code train.csv}
 * and {@code test.csv}, a folder to keep the vectors in, and how often. Not a test: it prints.
 */
public final class HeadTrainingMain {

  private HeadTrainingMain() {}

  public static void main(String[] arguments) throws IOException {
    Path data = Path.of(arguments[0]);
    Path kept = Path.of(arguments[1]);
    List<HeadTrainer.Row> train = rows(data.resolve("train.csv"), kept);
    List<HeadTrainer.Row> test = rows(data.resolve("test.csv"), kept);
    for (int run = 0; run < Integer.parseInt(arguments[2]); run++) {
      double core = coreSeconds();
      long start = System.nanoTime();
      HeadTrainer.Trained trained = HeadTrainer.train(train, "measured", "measured", share -> {});
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.printf(
          "clock %.2f s, core %.2f s, test %.4f, by folds %.4f, %s%n",
          seconds,
          coreSeconds() - core,
          accuracy(trained.head(), test),
          acrossFolds(trained.head(), train),
          trained.parameters());
    }
  }

  private static double coreSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis() / 1e3;
  }

  private static double accuracy(LinearHead head, List<HeadTrainer.Row> rows) {
    return rows.stream()
        .mapToInt(row -> row.label().equals(best(head, head.weights(), row)) ? 1 : 0)
        .average()
        .orElse(0);
  }

  /** Each row by the fold that has not seen it. */
  private static double acrossFolds(LinearHead head, List<HeadTrainer.Row> rows) {
    List<float[]> folds = head.folds();
    return rows.stream()
        .mapToInt(
            row -> {
              float[] weights = folds.get(LinearHead.foldOf(row.text(), folds.size()));
              return row.label().equals(best(head, weights, row)) ? 1 : 0;
            })
        .average()
        .orElse(0);
  }

  private static String best(LinearHead head, float[] weights, HeadTrainer.Row row) {
    int best = 0;
    float most = Float.NEGATIVE_INFINITY;
    for (int k = 0; k < head.labels().size(); k++) {
      int at = k * head.columns();
      float sum = weights[at + head.columns() - 1];
      for (int d = 0; d < row.vector().length; d++) {
        sum += weights[at + d] * row.vector()[d];
      }
      if (sum > most) {
        most = sum;
        best = k;
      }
    }
    return head.labels().get(best);
  }

  private static List<HeadTrainer.Row> rows(Path csv, Path kept) throws IOException {
    List<Map<String, String>> lines = new ArrayList<>();
    try (var read =
        new CsvMapper()
            .readerForMapOf(String.class)
            .with(CsvSchema.emptySchema().withHeader())
            .<Map<String, String>>readValues(csv.toFile())) {
      read.readAll(lines);
    }
    Path vectors = kept.resolve(csv.getFileName() + ".vectors");
    if (!Files.exists(vectors)) {
      encode(lines.stream().map(line -> line.get("text")).toList(), vectors);
    }
    List<HeadTrainer.Row> rows = new ArrayList<>();
    try (DataInputStream in = new DataInputStream(Files.newInputStream(vectors))) {
      int dimensions = in.readInt();
      for (Map<String, String> line : lines) {
        byte[] bytes = in.readNBytes(4 * dimensions);
        float[] vector = new float[dimensions];
        java.nio.ByteBuffer.wrap(bytes).asFloatBuffer().get(vector);
        rows.add(new HeadTrainer.Row(line.get("text"), line.get("category"), vector));
      }
    }
    return rows;
  }

  private static void encode(List<String> texts, Path to) throws IOException {
    try (Encoders encoders = new Encoders();
        DataOutputStream out =
            new DataOutputStream(
                new java.io.BufferedOutputStream(Files.newOutputStream(to), 1 << 16))) {
      for (int from = 0; from < texts.size(); from += 256) {
        List<String> some = texts.subList(from, Math.min(from + 256, texts.size()));
        for (var embedding : encoders.encode(Language.EN, some)) {
          if (from == 0 && out.size() == 0) {
            out.writeInt(embedding.vector().length);
          }
          for (float value : embedding.vector()) {
            out.writeFloat(value);
          }
        }
      }
    }
  }
}
