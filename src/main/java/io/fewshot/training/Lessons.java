package io.fewshot.training;

import io.fewshot.ladder.LinearHead;
import io.fewshot.model.TuningSample;
import io.fewshot.training.LoraTrainer.Row;
import java.util.ArrayList;
import java.util.List;

/**
 * What the task's sentence encoder teaches a language model about a classifier's examples. Few
 * examples say little of how their labels differ; the encoder has learned from a billion pairs of
 * sentences which of them mean the same. Its head, where it has not seen the example, says how
 * likely each label is, and half of what is wanted is that instead of the label alone (Hinton,
 * Vinyals and Dean 2015, "Distilling the knowledge in a neural network"); and the last hidden state
 * is to tell the sentence's vector (Reimers and Gurevych 2020 teach students so, across languages).
 * Nothing of the encoder is needed afterwards.
 */
final class Lessons {

  /** Of what is wanted, the part that the label has; the rest is the encoder's. */
  private static final float OWN = 0.5f;

  private final List<Row> rows;
  private final List<String> labels;
  private final List<TuningSample.Lesson> lessons = new ArrayList<>();

  /**
   * @param rows of at least two labels, all with vectors of one encoder
   * @param labels in the order of the classifier
   */
  Lessons(List<Row> rows, List<String> labels) {
    this.rows = rows;
    this.labels = labels;
    List<HeadTrainer.Row> known =
        rows.stream()
            .map(row -> new HeadTrainer.Row(row.text(), row.label(), row.vector()))
            .toList();
    LinearHead head = HeadTrainer.train(known, "encoder", "lessons", share -> {}).head();
    List<float[]> vectors = standardized(known.stream().map(HeadTrainer.Row::vector).toList());
    for (int i = 0; i < rows.size(); i++) {
      HeadTrainer.Row row = known.get(i);
      double[] likely = head.probabilitiesWithout(row.text(), row.vector());
      float[] wanted = new float[labels.size()];
      for (int k = 0; k < wanted.length; k++) {
        wanted[k] = (float) ((1 - OWN) * likely[head.labels().indexOf(labels.get(k))]);
      }
      wanted[labels.indexOf(row.label())] += OWN;
      lessons.add(new TuningSample.Lesson(wanted, vectors.get(i)));
    }
  }

  /** Whether there is an encoder's vector for each, and enough of them for a head. */
  static boolean canBe(List<Row> rows) {
    return rows.stream().allMatch(row -> row.vector().length > 0)
        && rows.stream().mapToInt(row -> row.vector().length).distinct().count() == 1
        && rows.size() >= HeadTrainer.LEAST_ROWS
        && rows.stream().map(Row::label).distinct().count() > 1;
  }

  /** What is taught about a row. */
  TuningSample.Lesson of(int row) {
    return lessons.get(row);
  }

  /** Around 0, and of one unit of spread on average: what the mean square error is measured in. */
  private static List<float[]> standardized(List<float[]> vectors) {
    int columns = vectors.get(0).length;
    double[] mean = new double[columns];
    vectors.forEach(v -> add(mean, v, 1.0 / vectors.size()));
    double squares = 0;
    for (float[] v : vectors) {
      for (int d = 0; d < columns; d++) {
        squares += (v[d] - mean[d]) * (v[d] - mean[d]);
      }
    }
    double spread = Math.sqrt(squares / vectors.size() / columns) + 1e-12;
    return vectors.stream().map(v -> standardized(v, mean, spread)).toList();
  }

  private static void add(double[] to, float[] v, double factor) {
    for (int d = 0; d < to.length; d++) {
      to[d] += factor * v[d];
    }
  }

  private static float[] standardized(float[] v, double[] mean, double spread) {
    float[] result = new float[v.length];
    for (int d = 0; d < v.length; d++) {
      result[d] = (float) ((v[d] - mean[d]) / spread);
    }
    return result;
  }
}
