package io.fewshot.ladder;

import java.util.List;

/**
 * How sure to be of an answer that a fine-tuned model wrote, from the probability that the model
 * gives to all of its words: a logistic curve over the logarithm of that probability's odds (Platt
 * 1999, "Probabilistic Outputs for Support Vector Machines"), fitted to messages that it was not
 * trained on.
 *
 * @param offset of the log-odds
 * @param slope of the log-odds, not negative; with 1 and no offset words are trusted as they are
 */
public record WrittenConfidence(double offset, double slope) {

  /** Trusts the words as they are. */
  public static final WrittenConfidence OF_WORDS = new WrittenConfidence(0, 1);

  /** Keeps odds finite. */
  private static final double LEAST = 1e-6;

  private static final int STEPS = 50;
  private static final double RIDGE = 1e-3;

  /** An answer of which people know whether it is right. */
  public record Judged(double probability, boolean right) {}

  public WrittenConfidence {
    if (!Double.isFinite(offset) || !(slope >= 0) || Double.isInfinite(slope)) {
      throw new IllegalArgumentException(
          "offset %s and slope %s make no sense".formatted(offset, slope));
    }
  }

  /**
   * @param probability of all words and the end together, in [0, 1]
   * @return in (0, 1)
   */
  public double of(double probability) {
    return sigmoid(offset + slope * odds(probability));
  }

  /** The likeliest curve; {@link #OF_WORDS} without answers. */
  public static WrittenConfidence fit(List<Judged> answers) {
    if (answers.isEmpty()) {
      return OF_WORDS;
    }
    double right = answers.stream().filter(Judged::right).count();
    // Platt's targets: no answer is taken for certain, so that the curve stays finite.
    double high = (right + 1) / (right + 2);
    double low = 1 / (answers.size() - right + 2);
    double[] at = {0, 1};
    for (int step = 0; step < STEPS; step++) {
      double[] move = move(answers, at, high, low);
      double before = loss(answers, at, high, low);
      double[] next = moved(at, move, 1);
      // From afar Newton's step goes too far.
      for (double part = 0.5; part > LEAST && loss(answers, next, high, low) > before; part /= 2) {
        next = moved(at, move, part);
      }
      if (!(loss(answers, next, high, low) < before)) {
        break;
      }
      at = next;
    }
    return at[1] >= 0
        ? new WrittenConfidence(at[0], at[1])
        : new WrittenConfidence(Math.log((right + 1) / (answers.size() - right + 1)), 0);
  }

  private static double[] moved(double[] at, double[] move, double part) {
    return new double[] {at[0] - part * move[0], at[1] - part * move[1]};
  }

  /** Newton's step: the gradient by the inverse of the second derivatives. */
  private static double[] move(List<Judged> answers, double[] at, double high, double low) {
    double g0 = 0;
    double g1 = RIDGE * (at[1] - 1);
    double h00 = RIDGE;
    double h01 = 0;
    double h11 = RIDGE;
    for (Judged answer : answers) {
      double x = odds(answer.probability);
      double p = sigmoid(at[0] + at[1] * x);
      double error = p - (answer.right ? high : low);
      double weight = p * (1 - p);
      g0 += error;
      g1 += error * x;
      h00 += weight;
      h01 += weight * x;
      h11 += weight * x * x;
    }
    double determinant = h00 * h11 - h01 * h01;
    return new double[] {(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant};
  }

  private static double loss(List<Judged> answers, double[] at, double high, double low) {
    double loss = RIDGE / 2 * (at[1] - 1) * (at[1] - 1);
    for (Judged answer : answers) {
      double z = at[0] + at[1] * odds(answer.probability);
      // Cross-entropy, in a form that large numbers do not overflow.
      loss += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
      loss -= (answer.right ? high : low) * z;
    }
    return loss;
  }

  private static double odds(double probability) {
    double p = Math.max(LEAST, Math.min(1 - LEAST, probability));
    return Math.log(p / (1 - p));
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }
}
