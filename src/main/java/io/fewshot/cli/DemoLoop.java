package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.training.TrainingStatus;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What the learning loop brings, seen on a demo's messages in three parts: the first is answered
 * with what the files teach; what went to people is then corrected from the file's labels. The
 * second is answered with that, corrected too, and a head is trained and judged; the third is
 * answered with all of it. Each message is answered once, before its own label is used. A few
 * messages are one part. For one thread.
 */
final class DemoLoop {

  private static final String LABELER = "demo";
  private static final int PARTS = 3;

  /** Below this many messages a third says nothing. */
  private static final int LEAST = 30;

  private static final int BAR = 10;

  private final TaskDefinition task;
  private final List<Part> parts = new ArrayList<>();
  private @Nullable TrainingStatus training;

  /** Messages that stand together in the file. */
  static final class Part {
    private final int from;
    private final List<Row> rows;
    private final Summary summary;

    /** What people have to look at, by query_id; an id that came twice is nobody's. */
    private final Map<String, Row> reviewed = new LinkedHashMap<>();

    private final Set<String> answered = new HashSet<>();
    private double seconds;
    private int corrected;

    private Part(int from, List<Row> rows, Kind kind) {
      this.from = from;
      this.rows = rows;
      this.summary = new Summary(kind);
    }

    List<Row> rows() {
      return rows;
    }

    /** A message's first result. */
    void answered(Row row, Result result) {
      summary.add(result, row.label());
      if (!answered.add(result.getQueryId())) {
        reviewed.remove(result.getQueryId());
      } else if (result.getStatus() == Status.NEEDS_REVIEW) {
        reviewed.put(result.getQueryId(), row);
      }
    }

    void refused() {
      summary.addDeadLetter();
    }

    void took(double seconds) {
      this.seconds = seconds;
    }

    private String name() {
      return from + " – " + (from + rows.size() - 1);
    }

    private double millisPerMessage() {
      return summary.done() == 0 ? Double.NaN : 1_000 * seconds / summary.done();
    }
  }

  DemoLoop(TaskDefinition task, List<Row> rows) {
    this.task = task;
    int count = rows.size() < LEAST ? 1 : PARTS;
    for (int i = 0; i < count; i++) {
      int from = rows.size() * i / count;
      int to = rows.size() * (i + 1) / count;
      parts.add(new Part(from + 1, rows.subList(from, to), task.kind()));
    }
  }

  List<Part> parts() {
    return parts;
  }

  /**
   * Lets a part that was answered teach what comes after it.
   *
   * @return the messages that taught, by query_id
   */
  Map<String, Row> learn(Part part, Exchange exchange, Steps steps) {
    boolean last = part == parts.get(parts.size() - 1);
    if (last && parts.size() > 1) {
      return Map.of();
    }
    Map<String, Row> taught = new LinkedHashMap<>(part.reviewed);
    taught.values().removeIf(row -> !Corrections.isLabelOf(task, row.label()));
    if (taught.isEmpty()) {
      return taught;
    }
    Map<String, String> outputs = new LinkedHashMap<>();
    taught.forEach((id, row) -> outputs.put(id, String.valueOf(row.label())));
    steps.at("correcting", 0, -1);
    part.corrected = exchange.correct(outputs, LABELER);
    boolean nextIsLast = last || part == parts.get(parts.size() - 2);
    if (nextIsLast && task.kind() == Kind.CLASSIFY && task.rungs().contains(Rung.HEAD)) {
      training = exchange.retrain("the demo's corrections", steps);
    }
    steps.close();
    return taught;
  }

  /** What the summary says about it under {@code --json}. */
  ObjectNode json() {
    ObjectNode loop = JsonLines.object();
    ArrayNode array = loop.putArray("parts");
    for (Part part : parts) {
      ObjectNode object = array.addObject();
      object.put("from", part.from);
      object.put("to", part.from + part.rows.size() - 1);
      JsonLines.put(object, "accuracy", part.summary.accuracy());
      JsonLines.put(object, "accepted_share", part.summary.acceptedShare());
      JsonLines.put(object, "accepted_accuracy", part.summary.acceptedAccuracy());
      object.put("for_people", part.reviewed.size());
      object.put("corrected", part.corrected);
      JsonLines.put(object, "ms_per_message", part.millisPerMessage());
    }
    TrainingStatus status = training;
    loop.put("release", status == null ? "none" : status.state().name());
    if (status != null) {
      loop.put("release_version", status.version().isEmpty() ? null : status.version());
      loop.put("release_why", status.why());
    }
    return loop;
  }

  /** The same for people. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    StringBuilder head = new StringBuilder(" ".repeat(22));
    parts.forEach(part -> head.append(String.format(Locale.ROOT, "%-18s", part.name())));
    lines.add(head.toString().stripTrailing());
    lines.add(bars("right", part -> part.summary.accuracy()));
    lines.add(bars("decided alone", part -> part.summary.acceptedShare()));
    lines.add(bars("  right of those", part -> part.summary.acceptedAccuracy()));
    lines.add(numbers("asked people", part -> part.reviewed.size()));
    lines.add(numbers("they taught", part -> part.corrected));
    lines.add(numbers("ms a message", Part::millisPerMessage));
    lines.add("");
    lines.add(release().replace(": accuracy", ":\n  accuracy"));
    return lines;
  }

  private String bars(String name, ToDoubleFunction<Part> share) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-22s", name));
    for (Part part : parts) {
      double value = share.applyAsDouble(part);
      String shown =
          Double.isNaN(value)
              ? "not known"
              : bar(value) + String.format(Locale.ROOT, "%4.0f %%", 100 * value);
      line.append(String.format(Locale.ROOT, "%-18s", shown));
    }
    return line.toString().stripTrailing();
  }

  private static String bar(double share) {
    int full = (int) Math.round(share * BAR);
    return "█".repeat(full) + "·".repeat(BAR - full);
  }

  private String numbers(String name, ToDoubleFunction<Part> number) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-22s", name));
    for (Part part : parts) {
      double value = number.applyAsDouble(part);
      String shown =
          Double.isNaN(value) ? "not known" : String.format(Locale.ROOT, "%14.0f", value);
      line.append(String.format(Locale.ROOT, "%-18s", shown));
    }
    return line.toString().stripTrailing();
  }

  private String release() {
    TrainingStatus status = training;
    if (status == null) {
      return "no head was trained: the task has none, or nothing was corrected";
    }
    return switch (status.state()) {
      case RELEASED -> "before the last part a head was released: " + status.why();
      case REJECTED -> "a head was trained and not released: " + status.why();
      case TRAINING, FAILED -> "the training failed: " + status.why();
    };
  }
}
