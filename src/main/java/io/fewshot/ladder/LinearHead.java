package io.fewshot.ladder;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A task's linear classifier on the vectors of one encoder. Besides its own weights it brings those
 * of its folds, each fitted without a part of the examples: an example that it was trained on is
 * judged by the fold that has not seen it, so that its confidence can be calibrated honestly.
 * Immutable, as long as nobody changes the arrays.
 */
public final class LinearHead {

  /** What a label that came after the training is given: as if it had this probability. */
  private static final double UNSEEN = 0.03;

  private final String version;
  private final String encoder;
  private final List<String> labels;
  private final Map<String, Integer> indexOf = new HashMap<>();
  private final int columns;
  private final float[] weights;
  private final List<float[]> folds;

  /**
   * @param encoder the name of the encoder whose vectors it reads
   * @param columns dimensions of a vector and one for the intercept, which comes last
   * @param weights {@code [labels][columns]}
   * @param folds the same, for each fold; may be empty
   * @throws IllegalArgumentException when the sizes do not go together or a weight is no number
   */
  public LinearHead(
      String version,
      String encoder,
      List<String> labels,
      int columns,
      float[] weights,
      List<float[]> folds) {
    this.version = version;
    this.encoder = encoder;
    this.labels = List.copyOf(labels);
    this.columns = columns;
    this.weights = weights.clone();
    this.folds = folds.stream().map(float[]::clone).toList();
    for (int i = 0; i < labels.size(); i++) {
      if (indexOf.put(labels.get(i), i) != null) {
        throw new IllegalArgumentException("the label " + labels.get(i) + " is there twice");
      }
    }
    check(this.weights);
    this.folds.forEach(this::check);
  }

  private void check(float[] given) {
    if (labels.isEmpty() || columns < 2 || given.length != labels.size() * columns) {
      throw new IllegalArgumentException(
          "%d weights do not make %d labels with %d columns"
              .formatted(given.length, labels.size(), columns));
    }
    for (float weight : given) {
      if (!Float.isFinite(weight)) {
        throw new IllegalArgumentException("a weight is not a number");
      }
    }
  }

  public String version() {
    return version;
  }

  public String encoder() {
    return encoder;
  }

  public List<String> labels() {
    return labels;
  }

  /** Dimensions of a vector and one for the intercept. */
  public int columns() {
    return columns;
  }

  /** {@code [labels][columns]}, the intercept last; a copy. */
  public float[] weights() {
    return weights.clone();
  }

  /** The weights of each fold; copies. */
  public List<float[]> folds() {
    return folds.stream().map(float[]::clone).toList();
  }

  /** The same under another version. */
  public LinearHead as(String other) {
    return new LinearHead(other, encoder, labels, columns, weights, folds);
  }

  /** The fold that leaves a text out; texts that differ in case and spaces only share one. */
  public static int foldOf(String text, int folds) {
    String plain = text.strip().toLowerCase(Locale.ROOT).replaceAll("\\s+", " ");
    int h = plain.hashCode() * 0x9E3779B9;
    h ^= h >>> 15;
    h *= 0x85EBCA6B;
    return Math.floorMod(h ^ h >>> 13, folds);
  }

  /** The probability of each label, in their order, for a message. */
  public double[] probabilities(float[] vector) {
    return probabilities(vector, weights);
  }

  /** The same by the fold that has not seen the text. */
  public double[] probabilitiesWithout(String text, float[] vector) {
    return folds.isEmpty()
        ? probabilities(vector, weights)
        : probabilities(vector, folds.get(foldOf(text, folds.size())));
  }

  /** The probability of one label, out of all of them. */
  double of(String label, double[] probabilities) {
    Integer index = indexOf.get(label);
    return index == null ? UNSEEN : probabilities[index];
  }

  private double[] probabilities(float[] vector, float[] w) {
    if (vector.length != columns - 1) {
      throw new IllegalArgumentException(
          "the head %s reads %d dimensions, not %d".formatted(version, columns - 1, vector.length));
    }
    double[] p = new double[labels.size()];
    for (int k = 0; k < p.length; k++) {
      int at = k * columns;
      float sum = w[at + columns - 1];
      for (int d = 0; d < vector.length; d++) {
        sum += w[at + d] * vector[d];
      }
      p[k] = sum;
    }
    double max = Arrays.stream(p).max().orElse(0);
    double total = 0;
    for (int k = 0; k < p.length; k++) {
      p[k] = Math.exp(p[k] - max);
      total += p[k];
    }
    for (int k = 0; k < p.length; k++) {
      p[k] /= total;
    }
    return p;
  }
}
