package io.fewshot.cli;

import io.fewshot.cli.DemoWatch.Outcome;
import io.fewshot.cli.Exchange.Message;
import io.fewshot.event.Example;
import io.fewshot.event.Result;
import io.fewshot.event.Topics;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Sends a demo's messages part by part, shows what comes back, and lets each part teach the next,
 * on an installation that runs. The labels of the file stay here until each message has its first
 * result. For one thread.
 */
final class DemoRun {

  private final Console console;
  private final boolean json;
  private final DemoFiles files;
  private final Installation installation;
  private final Summary summary;
  private final ResultLine lines;
  private final DemoEvidence evidence;

  DemoRun(Console console, boolean json, DemoFiles files, Installation installation) {
    this.console = console;
    this.json = json;
    this.files = files;
    this.installation = installation;
    this.summary = new Summary(files.task().definition().kind());
    this.lines = new ResultLine(console.style());
    this.evidence = DemoEvidence.of(files.examples());
  }

  /** From the task's definition to the summary. */
  void run(Steps steps) {
    try (Exchange exchange =
        Exchange.open(console, installation, files.task(), files.examples(), steps)) {
      steps.close();
      double seconds = 0;
      DemoLoop loop = new DemoLoop(files.task().definition(), files.messages());
      for (DemoLoop.Part part : loop.parts()) {
        seconds += ask(part, exchange);
        loop.learn(part, exchange, steps).forEach(this::taught);
      }
      steps.close();
      if (!json) {
        console.result("");
        summary.lines(seconds).forEach(console::result);
      }
      if (json) {
        console.result(summary.json(seconds, loop.json()).toString());
      } else {
        loop.lines().forEach(console::result);
      }
    }
  }

  /** Has a part answered; gives the seconds that took. */
  private double ask(DemoLoop.Part part, Exchange exchange) {
    long start = System.nanoTime();
    List<Message> messages = part.rows().stream().map(exchange::message).toList();
    exchange.ask(
        messages,
        (message, result) -> {
          part.answered(message.row(), result);
          answered(message.row(), result);
        },
        refused -> {
          part.refused();
          refused(refused);
        });
    double seconds = (System.nanoTime() - start) / 1e9;
    part.took(seconds);
    return seconds;
  }

  /** What a message taught is evidence for later ones. */
  private void taught(String queryId, Row row) {
    evidence.add(
        Example.newBuilder()
            .setTask(files.task().task())
            .setExampleId(Topics.correctedExampleId(queryId))
            .setInput(row.text())
            .setOutput(String.valueOf(row.label()))
            .setSource("correction")
            .setLabeler("")
            .build());
  }

  private void answered(Row row, Result result) {
    if (summary.done() == 0) {
      sayFirst();
    }
    summary.add(result, row.label());
    console.result(json ? JsonLines.of(result).toString() : line(result, row));
  }

  private void sayFirst() {
    long started = ManagementFactory.getRuntimeMXBean().getStartTime();
    double seconds = (System.currentTimeMillis() - started) / 1e3;
    console.say(String.format(Locale.ROOT, "first result %.1f s after the start", seconds));
  }

  private void refused(Outcome.Refused refused) {
    summary.addDeadLetter();
    console.say(
        "refused "
            + refused.queryId().orElse("a message")
            + ": "
            + Style.brief(refused.why(), 120));
  }

  private String line(Result result, Row row) {
    return "%s %s  %-44s  %s"
        .formatted(
            mark(result, row.label()),
            lines.answer(result),
            Style.brief(row.text(), 44),
            lines.style().dim(evidence.of(result)));
  }

  private String mark(Result result, @Nullable String label) {
    if (label == null) {
      return " ";
    }
    return summary.isRight(result, label) ? lines.style().green("✓") : lines.style().red("✗");
  }
}
