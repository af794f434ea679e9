package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.cli.Exchange.Message;
import io.fewshot.event.Result;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.training.TrainingStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The demo's second half: of the messages that went to people two thirds are answered from the
 * file's labels, a head is trained, and messages are asked again as dry runs after either. The
 * other third is never corrected: only these show what was learned, the corrected ones are simply
 * in the memory now. For one thread.
 */
final class DemoLoop {

  private static final String LABELER = "demo";

  /** Every so manieth message for people is held out. */
  private static final int HELD_OUT = 3;

  /** More are corrected, but not asked again: the language model takes its time. */
  private static final int ASKED_AGAIN = 20;

  private final TaskDefinition task;
  private final Map<String, Result> first;
  private final Map<String, Row> corrected = new LinkedHashMap<>();
  private final List<Row> heldOut = new ArrayList<>();
  private final List<Summary> ofCorrected = new ArrayList<>();
  private final List<Summary> ofHeldOut = new ArrayList<>();
  private final int reviewed;
  private int applied;
  private @Nullable TrainingStatus training;

  /**
   * @param reviewed the messages for people, by query_id
   * @param first the first results, by query_id
   */
  DemoLoop(TaskDefinition task, Map<String, Row> reviewed, Map<String, Result> first) {
    this.task = task;
    this.first = first;
    this.reviewed = reviewed.size();
    int usable = 0;
    Summary before = new Summary(task.kind());
    Summary beforeHeldOut = new Summary(task.kind());
    for (Map.Entry<String, Row> each : reviewed.entrySet()) {
      Row row = each.getValue();
      if (!Corrections.isLabelOf(task, row.label())) {
        continue;
      }
      boolean holds = ++usable % HELD_OUT == 0;
      if (holds) {
        heldOut.add(row);
      } else {
        corrected.put(each.getKey(), row);
      }
      if ((holds ? heldOut.size() : corrected.size()) <= ASKED_AGAIN) {
        add(holds ? beforeHeldOut : before, this.first.get(each.getKey()), row);
      }
    }
    ofCorrected.add(before);
    ofHeldOut.add(beforeHeldOut);
  }

  private static void add(Summary summary, @Nullable Result result, Row row) {
    if (result != null) {
      summary.add(result, row.label());
    }
  }

  /** Corrects, asks again, trains, and asks again. */
  void run(Exchange exchange, Steps steps) {
    if (corrected.isEmpty()) {
      return;
    }
    steps.at("correcting", 0, -1);
    Map<String, String> outputs = new LinkedHashMap<>();
    corrected.forEach((id, row) -> outputs.put(id, String.valueOf(row.label())));
    applied = exchange.correct(outputs, LABELER);
    askAgain(exchange, steps, "asking again after the corrections");
    if (task.kind() == Kind.CLASSIFY && task.rungs().contains(Rung.HEAD)) {
      training = exchange.retrain("the demo's corrections", steps);
      if (training.state() == TrainingStatus.State.RELEASED) {
        askAgain(exchange, steps, "asking again after the release");
      }
    }
  }

  private void askAgain(Exchange exchange, Steps steps, String what) {
    List<Row> themselves = corrected.values().stream().limit(ASKED_AGAIN).toList();
    List<Row> others = heldOut.stream().limit(ASKED_AGAIN).toList();
    Summary known = new Summary(task.kind());
    Summary unknown = new Summary(task.kind());
    List<Message> messages = new ArrayList<>();
    themselves.forEach(row -> messages.add(exchange.dryRun(row.withoutKey())));
    others.forEach(row -> messages.add(exchange.dryRun(row.withoutKey())));
    Map<Message, Summary> summaries = new java.util.IdentityHashMap<>();
    for (int i = 0; i < messages.size(); i++) {
      summaries.put(messages.get(i), i < themselves.size() ? known : unknown);
    }
    int[] done = {0};
    exchange.ask(
        messages,
        (message, result) -> {
          steps.at(what, ++done[0], messages.size());
          Summary summary = summaries.get(message);
          if (summary != null) {
            summary.add(result, message.row().label());
          }
        },
        refused -> {});
    ofCorrected.add(known);
    ofHeldOut.add(unknown);
  }

  /** What the summary says about it under {@code --json}. */
  ObjectNode json() {
    ObjectNode loop = JsonLines.object();
    loop.put("for_people", reviewed);
    loop.put("corrected", applied);
    loop.put("held_out", heldOut.size());
    put(loop, "held_out_right", ofHeldOut);
    put(loop, "corrected_right", ofCorrected);
    TrainingStatus status = training;
    loop.put("release", status == null ? "none" : status.state().name());
    if (status != null) {
      loop.put("release_version", status.version().isEmpty() ? null : status.version());
      loop.put("release_why", status.why());
    }
    return loop;
  }

  /** Right ones of so many: at first, after the corrections and, if there was one, the release. */
  private static void put(ObjectNode loop, String name, List<Summary> summaries) {
    ObjectNode object = loop.putObject(name);
    String[] when = {"first", "after_corrections", "after_release"};
    object.put("of", summaries.get(0).labeled());
    for (int i = 0; i < summaries.size(); i++) {
      object.put(when[i], summaries.get(i).right());
    }
  }

  /** The same for people. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    if (corrected.isEmpty()) {
      lines.add("loop       " + reviewed + " messages wait for people; the file has no labels");
      lines.add("           of the task for them, so nothing was corrected");
      return lines;
    }
    lines.add(
        "loop       %d messages went to people: %d were now corrected from the file,"
            .formatted(reviewed, applied));
    lines.add(
        "           %d are held out, %d have no label of the task"
            .formatted(heldOut.size(), reviewed - corrected.size() - heldOut.size()));
    lines.add("retrained  " + release().replace(": accuracy", ":\n           accuracy"));
    boolean released = ofHeldOut.size() > 2;
    lines.add(
        "right                  at first  after corrections" + (released ? "  after release" : ""));
    lines.add(line("held out", ofHeldOut) + "   never corrected: what was learned");
    lines.add(line("corrected", ofCorrected) + "   the very same messages: remembered");
    return lines;
  }

  private String release() {
    TrainingStatus status = training;
    if (status == null) {
      return "no head: the task has none";
    }
    return switch (status.state()) {
      case RELEASED -> "a head was released: " + status.why();
      case REJECTED -> "the head was not released: " + status.why();
      case TRAINING, FAILED -> "the training failed: " + status.why();
    };
  }

  private static String line(String name, List<Summary> summaries) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "  %-20s", name));
    int[] widths = {9, 18, 14};
    for (int i = 0; i < summaries.size(); i++) {
      String part = summaries.get(i).right() + " of " + summaries.get(i).labeled();
      line.append(" ".repeat(Math.max(1, widths[i] - part.length()))).append(part);
    }
    return line.toString();
  }
}
