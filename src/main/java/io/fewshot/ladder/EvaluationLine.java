package io.fewshot.ladder;

import io.fewshot.ladder.Metrics.Outcome;
import io.fewshot.prompt.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What was measured of one rung, or of the ladder. Numbers are NaN where nothing was there to be
 * measured.
 *
 * @param rung its name, or {@code ladder}
 * @param shots number of examples in the prompt
 * @param n messages, novel ones included
 * @param novel how many of them are novel, which is what accuracy leaves out
 * @param accuracy share of the messages that are not novel that were answered rightly, taken for
 *     novel being wrong
 * @param novelRecall share of the novel messages that were taken for novel
 * @param novelFalseAlarms share of the others that were
 * @param acceptedShare share of all messages that were accepted
 * @param acceptedAccuracy share of the accepted ones that is right
 */
public record EvaluationLine(
    String rung,
    int shots,
    int n,
    int novel,
    double accuracy,
    double macroF1,
    double ece,
    double aurc,
    double novelRecall,
    double novelFalseAlarms,
    double msPerMessage,
    double tokensPerMessage,
    double acceptedShare,
    double acceptedAccuracy) {

  private static final String OUT_OF_SCOPE = "oos";

  /** As printed: the contract's names, null for what was not measured. */
  public Map<String, @Nullable Object> fields() {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("rung", rung);
    fields.put("shots", shots);
    fields.put("n", n);
    fields.put("novel", novel);
    put(fields, "accuracy", accuracy);
    put(fields, "macro_f1", macroF1);
    put(fields, "ece", ece);
    put(fields, "aurc", aurc);
    put(fields, "novel_recall", novelRecall);
    put(fields, "novel_false_alarms", novelFalseAlarms);
    put(fields, "ms_per_message", msPerMessage);
    put(fields, "tokens_per_message", tokensPerMessage);
    put(fields, "accepted_share", acceptedShare);
    put(fields, "accepted_accuracy", acceptedAccuracy);
    return fields;
  }

  EvaluationLine as(String name) {
    return new EvaluationLine(
        name,
        shots,
        n,
        novel,
        accuracy,
        macroF1,
        ece,
        aurc,
        novelRecall,
        novelFalseAlarms,
        msPerMessage,
        tokensPerMessage,
        acceptedShare,
        acceptedAccuracy);
  }

  private static void put(Map<String, @Nullable Object> fields, String name, double value) {
    fields.put(name, Double.isNaN(value) ? null : (Object) value);
  }

  /** Gathers answers. */
  static final class Builder {

    private final String rung;
    private final int shots;
    private final @Nullable Set<String> known;
    private final List<Outcome> outcomes = new ArrayList<>();
    private int n;
    private int novel;
    private int novelFound;
    private int falseAlarms;
    private int accepted;
    private int acceptedRight;
    private long tokens;
    private long nanos;

    /**
     * @param known labels that are not novel; null when nothing is
     */
    Builder(String rung, int shots, @Nullable Set<String> known) {
      this.rung = rung;
      this.shots = shots;
      this.known = known;
    }

    void took(long duration) {
      nanos += duration;
    }

    void add(Kind kind, String truth, Answer answer) {
      n++;
      tokens += answer.promptTokens();
      accepted += answer.accepted() ? 1 : 0;
      if (known != null && (truth.equals(OUT_OF_SCOPE) || !known.contains(truth))) {
        novel++;
        novelFound += answer.novel() ? 1 : 0;
        return;
      }
      falseAlarms += answer.novel() && known != null ? 1 : 0;
      String output = answer.output();
      boolean counts = output != null && !(answer.novel() && known != null);
      Outcome outcome =
          new Outcome(
              Judge.comparable(kind, truth),
              counts && output != null ? Judge.comparable(kind, output) : null,
              answer.confidence());
      outcomes.add(outcome);
      acceptedRight += answer.accepted() && outcome.isRight() ? 1 : 0;
    }

    EvaluationLine build() {
      return new EvaluationLine(
          rung,
          shots,
          n,
          novel,
          Metrics.accuracy(outcomes),
          Metrics.macroF1(outcomes),
          Metrics.ece(outcomes),
          Metrics.aurc(outcomes),
          ratio(novelFound, novel),
          ratio(falseAlarms, n - novel),
          ratio(nanos / 1e6, n),
          ratio(tokens, n),
          ratio(accepted, n),
          ratio(acceptedRight, accepted));
    }

    private static double ratio(double part, int whole) {
      return whole == 0 ? Double.NaN : part / whole;
    }
  }
}
