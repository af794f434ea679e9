package io.fewshot.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.LabelText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Counts the first results of messages, and compares them with labels where those are known: an
 * output that is null counts as wrong. For one thread.
 */
final class Summary {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Kind kind;
  private final Map<String, Integer> rungs = new TreeMap<>();
  private int count;
  private int deadLetters;
  private int accepted;
  private int labeled;
  private int right;
  private int acceptedLabeled;
  private int acceptedRight;

  Summary(Kind kind) {
    this.kind = kind;
  }

  /** Counts a result. */
  void add(Result result, @Nullable String label) {
    boolean accepts = result.getStatus() == Status.ACCEPTED;
    count++;
    accepted += accepts ? 1 : 0;
    rungs.merge(result.getRung(), 1, Integer::sum);
    if (label != null) {
      boolean rightly = isRight(result, label);
      labeled++;
      right += rightly ? 1 : 0;
      acceptedLabeled += accepts ? 1 : 0;
      acceptedRight += accepts && rightly ? 1 : 0;
    }
  }

  /** Counts a message that was refused. */
  void addDeadLetter() {
    deadLetters++;
  }

  /** Messages that have a result or a dead letter. */
  int done() {
    return count + deadLetters;
  }

  /** Those of them whose label is known. */
  int labeled() {
    return labeled;
  }

  /** Those of them that say what the label says. */
  int right() {
    return right;
  }

  /** Share of the labeled ones that are right; NaN without any. */
  double accuracy() {
    return share(right, labeled);
  }

  double acceptedShare() {
    return share(accepted, count);
  }

  /** Share of the labeled ones that were accepted that are right; NaN without any. */
  double acceptedAccuracy() {
    return share(acceptedRight, acceptedLabeled);
  }

  /** Whether a result says what the label says. */
  boolean isRight(Result result, String label) {
    String output = result.getOutput();
    return output != null && comparable(output).equals(comparable(label));
  }

  /** JSON that was extracted may be written in many ways. */
  private Object comparable(String output) {
    if (kind == Kind.EXTRACT) {
      try {
        return JSON.readTree(output);
      } catch (JsonProcessingException e) {
        // Then its text counts.
      }
    }
    return LabelText.of(output);
  }

  /**
   * The line that ends a demo under {@code --json}.
   *
   * @param loop what came of the corrections
   */
  ObjectNode json(double seconds, ObjectNode loop) {
    ObjectNode line = JsonLines.object();
    ObjectNode summary = line.putObject("summary");
    summary.put("count", count);
    summary.put("dead_letters", deadLetters);
    JsonLines.put(summary, "accepted_share", acceptedShare());
    JsonLines.put(summary, "accuracy", accuracy());
    JsonLines.put(summary, "accepted_accuracy", acceptedAccuracy());
    JsonLines.put(summary, "messages_per_s", done() / seconds);
    ObjectNode byRung = summary.putObject("rungs");
    rungs.forEach(byRung::put);
    summary.set("loop", loop);
    return line;
  }

  private static double share(int part, int whole) {
    return whole == 0 ? Double.NaN : (double) part / whole;
  }

  /** The same for people. */
  List<String> lines(double seconds) {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "messages   %d in %.1f s, %.1f a second",
            done(),
            seconds,
            done() / seconds));
    if (deadLetters > 0) {
      lines.add("refused    " + deadLetters + ", see the topic dead-letters");
    }
    lines.add("accepted   " + of(accepted, count));
    if (labeled > 0) {
      lines.add("right      " + of(right, labeled) + " of all, as the file has it");
      lines.add("           " + of(acceptedRight, acceptedLabeled) + " of those accepted");
    }
    lines.add(
        "rungs      "
            + String.join(
                ", ",
                rungs.entrySet().stream()
                    .map(rung -> rung.getKey() + " " + rung.getValue())
                    .toList()));
    return lines;
  }

  private static String of(int part, int whole) {
    return whole == 0
        ? "none"
        : "%d of %d (%s)".formatted(part, whole, Style.percent((double) part / whole));
  }
}
