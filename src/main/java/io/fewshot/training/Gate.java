package io.fewshot.training;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a candidate may serve: only if it is better beyond noise (McNemar's exact test,
 * one-sided), or not worse by more than a margin and cheaper. One that no longer knows what was
 * removed is wanted for that alone, and refused only if it is worse beyond noise.
 *
 * @param level the test's level: how often a candidate that is no better may pass
 * @param margin how much accuracy, in [0, 1], may be lost for another reason
 */
public record Gate(double level, double margin) {

  public static final Gate STANDARD = new Gate(0.05, 0.01);

  /** Why a candidate that is only as good would be wanted. */
  enum Reason {
    NONE(""),
    CHEAPER("it is cheaper"),
    FORGETS("it no longer knows what was removed from the data set");

    private final String words;

    Reason(String words) {
      this.words = words;
    }
  }

  /**
   * What was decided.
   *
   * @param why for people
   */
  record Verdict(boolean released, String why, McNemar test, double candidate, double incumbent) {}

  /**
   * Compares answers to the same messages.
   *
   * @param measuredOn what the messages are, for people
   */
  Verdict decide(
      List<String> truth,
      List<@Nullable String> candidate,
      List<@Nullable String> incumbent,
      Reason reason,
      String measuredOn) {
    int better = 0;
    int worse = 0;
    int rightly = 0;
    int before = 0;
    for (int i = 0; i < truth.size(); i++) {
      boolean now = truth.get(i).equals(candidate.get(i));
      boolean then = truth.get(i).equals(incumbent.get(i));
      rightly += now ? 1 : 0;
      before += then ? 1 : 0;
      better += now && !then ? 1 : 0;
      worse += then && !now ? 1 : 0;
    }
    int n = truth.size();
    McNemar test = new McNemar(better, worse, n);
    double p = test.pValue();
    boolean wins = p < level;
    boolean stands =
        switch (reason) {
          case NONE -> false;
          case CHEAPER -> test.lowerBound() >= -margin;
          case FORGETS -> test.reversed().pValue() >= level;
        };
    String measured =
        String.format(
            Locale.ROOT,
            "accuracy %.4f against %.4f of what serves on %d %s, %d won and %d lost, p = %.3g",
            share(rightly, n),
            share(before, n),
            n,
            measuredOn,
            better,
            worse,
            p);
    String why =
        wins
            ? "better: " + measured
            : stands
                ? reason.words + ", and it is not worse: " + measured
                : String.format(Locale.ROOT, "not better beyond noise (p < %s): ", level)
                    + measured;
    return new Verdict(wins || stands, why, test, share(rightly, n), share(before, n));
  }

  /** A verdict as a release carries it. */
  static Map<String, Double> metrics(Verdict verdict) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("accuracy", verdict.candidate());
    metrics.put("incumbent_accuracy", verdict.incumbent());
    metrics.put("compared", (double) verdict.test().n());
    metrics.put("won", (double) verdict.test().better());
    metrics.put("lost", (double) verdict.test().worse());
    metrics.put("p_value", verdict.test().pValue());
    return metrics;
  }

  private static double share(int part, int whole) {
    return whole == 0 ? 0 : part / (double) whole;
  }
}
