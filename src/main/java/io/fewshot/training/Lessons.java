package io.fewshot.training;

import io.fewshot.ladder.LinearHead;
import io.fewshot.training.LoraTrainer.Row;
import java.util.ArrayList;
import java.util.List;

/**
 * What the task's sentence encoder teaches a language model about a classifier's examples. Few
 * examples say little of how their labels differ; the encoder has learned from very many pairs of
 * sentences which of them mean the same. Its head, where it has not seen the example, says how
 * likely each label is, and half of what is wanted is that instead of the label alone (Hinton,
 * Vinyals and Dean 2015, "Distilling the knowledge in a neural network"). Nothing of the encoder is
 * needed afterwards.
 */
final class Lessons {

  /** Of what is wanted, the part that the label has; the rest is the encoder's. */
  private static final float OWN = 0.5f;

  private final List<float[]> lessons = new ArrayList<>();

  /**
   * @param rows of at least two labels, all with vectors of one encoder
   * @param labels in the order of the classifier
   */
  Lessons(List<Row> rows, List<String> labels) {
    List<HeadTrainer.Row> known =
        rows.stream()
            .map(row -> new HeadTrainer.Row(row.text(), row.label(), row.vector()))
            .toList();
    LinearHead head = HeadTrainer.train(known, "encoder", "lessons", share -> {}).head();
    for (int i = 0; i < rows.size(); i++) {
      HeadTrainer.Row row = known.get(i);
      double[] likely = head.probabilitiesWithout(row.text(), row.vector());
      float[] wanted = new float[labels.size()];
      for (int k = 0; k < wanted.length; k++) {
        wanted[k] = (float) ((1 - OWN) * likely[head.labels().indexOf(labels.get(k))]);
      }
      wanted[labels.indexOf(row.label())] += OWN;
      lessons.add(wanted);
    }
  }

  /** Whether there is an encoder's vector for each, and enough of them for a head. */
  static boolean canBe(List<Row> rows) {
    return rows.stream().allMatch(row -> row.vector().length > 0)
        && rows.stream().mapToInt(row -> row.vector().length).distinct().count() == 1
        && rows.size() >= HeadTrainer.LEAST_ROWS
        && rows.stream().map(Row::label).distinct().count() > 1;
  }

  /** The probability that each label should have for a row, in the labels' order. */
  float[] of(int row) {
    return lessons.get(row);
  }
}
