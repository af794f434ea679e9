package io.fewshot.cli;

import io.fewshot.cli.DemoWatch.Outcome;
import io.fewshot.cli.Exchange.Message;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sends a demo's messages, shows what comes back, and then closes the loop, on an installation that
 * runs. The labels of the file stay here until each message has its first result. For one thread.
 */
final class DemoRun {

  private final Console console;
  private final boolean json;
  private final DemoFiles files;
  private final Installation installation;
  private final Summary summary;
  private final ResultLine lines;
  private final DemoEvidence evidence;

  /** What people have to look at, by query_id; an id that came twice is nobody's. */
  private final Map<String, Row> reviewed = new LinkedHashMap<>();

  private final Map<String, Result> first = new HashMap<>();

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
      long start = System.nanoTime();
      List<Message> messages = files.messages().stream().map(exchange::message).toList();
      exchange.ask(messages, (message, result) -> answered(message.row(), result), this::refused);
      double seconds = (System.nanoTime() - start) / 1e9;
      if (!json) {
        console.result("");
        summary.lines(seconds).forEach(console::result);
      }
      DemoLoop loop = new DemoLoop(files.task().definition(), reviewed, first);
      loop.run(exchange, steps);
      steps.close();
      if (json) {
        console.result(summary.json(seconds, loop.json()).toString());
      } else {
        loop.lines().forEach(console::result);
      }
    }
  }

  private void answered(Row row, Result result) {
    if (summary.done() == 0) {
      sayFirst();
    }
    summary.add(result, row.label());
    console.result(json ? JsonLines.of(result).toString() : line(result, row));
    String id = result.getQueryId();
    if (first.put(id, result) != null) {
      reviewed.remove(id);
    } else if (result.getStatus() == Status.NEEDS_REVIEW) {
      reviewed.put(id, row);
    }
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
