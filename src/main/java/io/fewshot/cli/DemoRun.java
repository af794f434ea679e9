package io.fewshot.cli;

import io.fewshot.cli.DemoWatch.Outcome;
import io.fewshot.event.Example;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Sends a demo's messages and shows what comes back, on an installation that runs. The labels of
 * the file stay here. For one thread; the messages are sent by another.
 */
final class DemoRun {

  private static final long SAY_AFTER_NANOS = 20_000_000_000L;
  private static final long FAILED_FOR_NANOS = 20_000_000_000L;
  private static final long GIVE_UP_AFTER_NANOS = 600_000_000_000L;

  private final Console console;
  private final boolean json;
  private final DemoFiles files;
  private final Installation installation;
  private final Summary summary;
  private final ResultLine lines;
  private final Map<String, Deque<Row>> waiting = new HashMap<>();
  private final Map<String, Example> examples = new HashMap<>();
  private long lastNews = System.nanoTime();
  private long lastSaid = System.nanoTime();
  private long lastSound = System.nanoTime();
  private int refusedExamples;

  DemoRun(Console console, boolean json, DemoFiles files, Installation installation) {
    this.console = console;
    this.json = json;
    this.files = files;
    this.installation = installation;
    this.summary = new Summary(files.task().definition().kind());
    this.lines = new ResultLine(console.style());
    files.examples().forEach(example -> examples.put(example.getExampleId(), example));
  }

  /** From the task's definition to the summary. */
  void run(Steps steps) {
    installation.apply(files.task());
    installation.add(files.examples());
    try (DemoWatch watch = new DemoWatch(console, installation.cluster())) {
      awaitExamples(watch, steps);
      awaitReady(watch, steps);
      steps.close();
      long start = System.nanoTime();
      CompletableFuture<Void> published = publish();
      while (summary.done() < files.messages().size()) {
        watch.poll(this::take);
        if (published.isCompletedExceptionally()) {
          join(published);
        }
        keepHope("%d of %d messages".formatted(left(), files.messages().size()));
      }
      finish((System.nanoTime() - start) / 1e9);
    }
  }

  private int left() {
    return files.messages().size() - summary.done();
  }

  private void awaitExamples(DemoWatch watch, Steps steps) {
    String task = files.task().task();
    long all = files.distinctExamples();
    long before = -1;
    while (true) {
      long there = installation.stream().memory().task(task).size();
      if (there != before) {
        lastNews = System.nanoTime();
        before = there;
      }
      steps.at("encoding examples", there, all);
      if (there + refusedExamples >= all && installation.stream().tasks().find(task).isPresent()) {
        return;
      }
      watch.poll(this::take);
      keepHope("%d of %d examples".formatted(all - there, all));
    }
  }

  private void awaitReady(DemoWatch watch, Steps steps) {
    while (!installation.ready()) {
      steps.at("loading the model", 0, -1);
      watch.poll(this::take);
      keepHope("the model");
    }
    lastNews = System.nanoTime();
  }

  private CompletableFuture<Void> publish() {
    String task = files.task().task();
    List<Query> queries = files.messages().stream().map(row -> query(task, row)).toList();
    return CompletableFuture.runAsync(
        () -> {
          try (Sender<Query> sender =
              new Sender<>(
                  installation.cluster(),
                  installation.cluster().topics().queries(),
                  Query.class,
                  id -> {})) {
            for (int i = 0; i < queries.size(); i++) {
              String key = files.messages().get(i).key();
              String id = queries.get(i).getQueryId();
              sender.send(id, key == null ? id : key, queries.get(i));
            }
            sender.flush();
          }
        },
        task1 -> {
          Thread thread = new Thread(task1, "publish");
          thread.setDaemon(true);
          thread.start();
        });
  }

  /** One id may come several times: answers to the same key come in order. */
  private Query query(String task, Row row) {
    Query query = PublishCommand.query(task, row);
    waiting.computeIfAbsent(query.getQueryId(), id -> new ArrayDeque<>()).add(row);
    return query;
  }

  private void join(CompletableFuture<Void> published) {
    try {
      published.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private void take(Outcome outcome) {
    lastNews = System.nanoTime();
    if (outcome instanceof Outcome.Answered answered) {
      answered(answered.result());
    } else if (outcome instanceof Outcome.Refused refused) {
      refused(refused);
    }
  }

  private void answered(Result result) {
    if (result.getStatus() == Status.CORRECTED) {
      return;
    }
    Deque<Row> rows = waiting.get(result.getQueryId());
    Row row = rows == null ? null : rows.poll();
    if (row == null) {
      return;
    }
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
    if (!refused.message()) {
      refusedExamples++;
      console.say("refused a task or an example: " + refused.why());
      return;
    }
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
            lines.style().dim(used(result)));
  }

  private String mark(Result result, @Nullable String label) {
    if (label == null) {
      return " ";
    }
    return summary.isRight(result, label) ? lines.style().green("✓") : lines.style().red("✗");
  }

  private String used(Result result) {
    List<String> ids = result.getExampleIds();
    if (ids.isEmpty()) {
      return "no examples";
    }
    Example nearest = examples.get(ids.get(0));
    String text = nearest == null ? ids.get(0) : nearest.getInput();
    return "like \"%s\"%s"
        .formatted(
            Style.brief(text, 40), ids.size() > 1 ? " and " + (ids.size() - 1) + " more" : "");
  }

  private void finish(double seconds) {
    if (json) {
      console.result(summary.json(seconds).toString());
    } else {
      console.result("");
      summary.lines(seconds).forEach(console::result);
    }
  }

  /** Says what it waits for when nothing comes for long, and does not wait forever. */
  private void keepHope(String what) {
    installation.check();
    long now = System.nanoTime();
    String reason = installation.waitingFor();
    String because = reason.isEmpty() ? "" : " (" + reason + ")";
    if (!installation.failing()) {
      lastSound = now;
    } else if (now - lastSound > FAILED_FOR_NANOS && now - lastNews > FAILED_FOR_NANOS) {
      throw new FailedException("the demo cannot go on: " + reason);
    }
    if (now - lastNews > GIVE_UP_AFTER_NANOS) {
      throw new FailedException("nothing came for 10 minutes: still waiting for " + what + because);
    }
    if (now - lastNews > SAY_AFTER_NANOS && now - lastSaid > SAY_AFTER_NANOS) {
      lastSaid = now;
      console.say("still waiting for " + what + because);
    }
  }
}
