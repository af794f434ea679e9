package io.fewshot.training;

import io.fewshot.ladder.LinearHead;
import io.fewshot.memory.StoredExample;
import io.fewshot.model.SoftmaxLoss;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Fits a linear head: cross-validation chooses the penalty, then the folds and the whole are fitted
 * with it. Nothing is drawn at random: the same rows give the same head.
 */
public final class HeadTrainer {

  static final int FOLDS = 3;

  /** Inverse penalties for the sum of the losses, from stiff to loose. */
  private static final double[] LOOSENESS = {3, 10, 30, 100, 300, 1000};

  /** Enough rows to choose the penalty by one fold. */
  private static final int MANY = 3000;

  /** Stopping early does no harm: what a longer fit gains in loss it loses on new messages. */
  private static final double TOLERANCE = 1e-3;

  private static final int MAX_STEPS = 100;

  /** Where a fit stops makes so much of a difference in loss by chance. */
  private static final double AS_GOOD = 1.005;

  /** Fewer say too little about any label. */
  static final int LEAST_ROWS = 20;

  private HeadTrainer() {}

  /** A text, its right output and its vector. */
  @SuppressWarnings("ArrayRecordComponent")
  public record Row(String text, String label, float[] vector) {}

  /**
   * What came out.
   *
   * @param parameters how it was done, to do it again
   */
  public record Trained(LinearHead head, Map<String, Double> parameters) {}

  /** Told how far it is, from 0 to 1. */
  @FunctionalInterface
  public interface Progress {
    void at(double share);
  }

  /** Fits a head to a task's examples; empty where they are too few or of one label. */
  public static Optional<LinearHead> ofExamples(List<StoredExample> examples) {
    Optional<String> encoder = mostUsed(examples);
    List<Row> rows =
        examples.stream()
            .filter(example -> example.encoder().equals(encoder.orElse("")))
            .map(example -> new Row(example.input(), example.output(), example.vector()))
            .toList();
    return encoder
        .filter(name -> suffices(rows))
        .map(name -> train(rows, name, "offline", share -> {}).head());
  }

  /** Whether a head can be fitted to these. */
  static boolean suffices(List<Row> rows) {
    return rows.size() >= LEAST_ROWS && rows.stream().map(Row::label).distinct().count() > 1;
  }

  /** The encoder of most of the examples. */
  static Optional<String> mostUsed(List<StoredExample> examples) {
    Map<String, Long> counts =
        examples.stream()
            .collect(
                Collectors.groupingBy(StoredExample::encoder, TreeMap::new, Collectors.counting()));
    return counts.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey);
  }

  /**
   * Fits a head.
   *
   * @param rows of at least two labels, with vectors of one encoder
   * @throws TrainingStoppedException when the thread is interrupted
   */
  public static Trained train(List<Row> rows, String encoder, String version, Progress progress) {
    // By fold, so that most blocks of the matrix are used as a whole or not at all.
    List<Row> sorted =
        rows.stream()
            .sorted(
                Comparator.comparingInt((Row row) -> LinearHead.foldOf(row.text(), FOLDS))
                    .thenComparing(Row::text)
                    .thenComparing(Row::label))
            .toList();
    List<String> labels = List.copyOf(new TreeSet<>(rows.stream().map(Row::label).toList()));
    int[] y = sorted.stream().mapToInt(row -> labels.indexOf(row.label())).toArray();
    int[] fold = sorted.stream().mapToInt(row -> LinearHead.foldOf(row.text(), FOLDS)).toArray();
    SoftmaxRegression regression =
        new SoftmaxRegression(sorted.stream().map(Row::vector).toList(), y, labels.size());
    progress.at(0.05);
    Path[] paths = paths(regression, fold, progress);
    int best = best(paths);
    List<float[]> folds = new ArrayList<>();
    for (int f = 0; f < FOLDS; f++) {
      double[] weights = paths[f].weights(regression, best);
      folds.add(SoftmaxRegression.floats(weights));
      progress.at(0.6 + 0.1 * f);
    }
    boolean[] all = new boolean[sorted.size()];
    Arrays.fill(all, true);
    SoftmaxRegression.Fit fit =
        regression.fit(all, 1 / (LOOSENESS[best] * all.length), null, TOLERANCE, MAX_STEPS);
    progress.at(1);
    Map<String, Double> parameters = new LinkedHashMap<>();
    parameters.put("rows", (double) rows.size());
    parameters.put("labels", (double) labels.size());
    parameters.put("folds", (double) FOLDS);
    parameters.put("l2", 1 / (LOOSENESS[best] * all.length));
    parameters.put("looseness", LOOSENESS[best]);
    parameters.put("tolerance", TOLERANCE);
    parameters.put("loss", fit.loss());
    parameters.put("cv_loss", paths[0].losses[best]);
    parameters.put("cv_accuracy", paths[0].accuracies[best]);
    LinearHead head =
        new LinearHead(
            version,
            encoder,
            labels,
            regression.columns(),
            SoftmaxRegression.floats(fit.weights()),
            folds);
    return new Trained(head, parameters);
  }

  /** The fits of one fold, from stiff to loose, each started from the one before. */
  private static final class Path {

    private final boolean[] used;
    private final double[][] fitted = new double[LOOSENESS.length][];
    private final double[] losses = new double[LOOSENESS.length];
    private final double[] accuracies = new double[LOOSENESS.length];

    private Path(boolean[] used) {
      this.used = used;
      Arrays.fill(losses, Double.POSITIVE_INFINITY);
    }

    /** Stops where it no longer gets better. */
    private void walk(SoftmaxRegression regression, boolean[] heldOut) {
      double[] start = null;
      for (int i = 0; i < LOOSENESS.length; i++) {
        start = fit(regression, i, start);
        fitted[i] = start;
        SoftmaxLoss.Quality quality = regression.quality(heldOut, start);
        losses[i] = quality.loss();
        accuracies[i] = quality.accuracy();
        if (i > 0 && losses[i] > losses[i - 1]) {
          return;
        }
      }
    }

    private double[] weights(SoftmaxRegression regression, int i) {
      double[] known = fitted[i];
      return known == null ? fit(regression, i, null) : known;
    }

    private double[] fit(
        SoftmaxRegression regression, int i, double @org.jspecify.annotations.Nullable [] start) {
      int n = 0;
      for (boolean each : used) {
        n += each ? 1 : 0;
      }
      double l2 = 1 / (LOOSENESS[i] * Math.max(1, n));
      return regression.fit(used, l2, start, TOLERANCE, MAX_STEPS).weights();
    }
  }

  private static Path[] paths(SoftmaxRegression regression, int[] fold, Progress progress) {
    Path[] paths = new Path[FOLDS];
    int walked = fold.length > MANY ? 1 : FOLDS;
    for (int f = 0; f < FOLDS; f++) {
      boolean[] used = new boolean[fold.length];
      boolean[] heldOut = new boolean[fold.length];
      for (int i = 0; i < fold.length; i++) {
        heldOut[i] = fold[i] == f;
        used[i] = !heldOut[i];
      }
      paths[f] = new Path(used);
      if (f < walked) {
        paths[f].walk(regression, heldOut);
        progress.at(0.05 + 0.5 * (f + 1) / walked);
      }
    }
    return paths;
  }

  /**
   * The stiffest penalty whose loss on what was held out is the least or as good as that, over the
   * folds that walked it.
   */
  private static int best(Path[] paths) {
    double[] sum = new double[LOOSENESS.length];
    for (Path path : paths) {
      if (path.fitted[0] != null) {
        for (int i = 0; i < sum.length; i++) {
          sum[i] += path.losses[i];
        }
      }
    }
    double least = Arrays.stream(sum).min().orElse(0);
    return IntStream.range(0, sum.length)
        .filter(i -> sum[i] <= least * AS_GOOD)
        .findFirst()
        .orElse(0);
  }
}
