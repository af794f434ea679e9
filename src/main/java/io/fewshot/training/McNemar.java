package io.fewshot.training;

/**
 * McNemar's exact test (1947) of two classifiers on the same messages. Only messages that exactly
 * one of them answers rightly tell which is better; if neither were, each such message would be a
 * fair coin.
 *
 * @param better messages that only the candidate answers rightly
 * @param worse messages that only the incumbent answers rightly
 * @param n all messages
 */
record McNemar(int better, int worse, int n) {

  /** One-sided: how likely a candidate that is no better wins this often or more, in [0, 1]. */
  double pValue() {
    int trials = better + worse;
    double p = 0;
    for (int wins = better; wins <= trials; wins++) {
      p += Math.exp(logChoose(trials, wins) - trials * Math.log(2));
    }
    return Math.min(1, p);
  }

  /** The incumbent against the candidate. */
  McNemar reversed() {
    return new McNemar(worse, better, n);
  }

  /** Accuracy of the candidate less that of the incumbent. */
  double difference() {
    return n == 0 ? 0 : (better - worse) / (double) n;
  }

  /**
   * What the true difference is above with 95 % confidence, by the normal approximation for paired
   * proportions. One message is added each way, so that no difference seen is not taken for none.
   */
  double lowerBound() {
    if (n == 0) {
      return -1;
    }
    double discordant = better + worse + 2.0;
    double net = better - worse;
    double deviation = Math.sqrt(discordant - net * net / n) / n;
    return difference() - 1.645 * deviation;
  }

  private static double logChoose(int n, int k) {
    double sum = 0;
    for (int i = 1; i <= k; i++) {
      sum += Math.log(n - k + i) - Math.log(i);
    }
    return sum;
  }
}
