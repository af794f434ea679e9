package io.fewshot.cli;

import io.fewshot.cli.DemoWatch.Outcome;
import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Method;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.event.Topics;
import io.fewshot.memory.TaskMemory;
import io.fewshot.training.Connection;
import io.fewshot.training.Requests;
import io.fewshot.training.TrainingStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * One task's dealings with an installation that runs, as {@code demo} and {@code simulate} drive
 * it: messages go in, results and requests for labels come out, corrections and a retraining
 * follow. Labels never leave here but as corrections. For one thread; what is published is sent by
 * another.
 */
final class Exchange implements AutoCloseable {

  /** First answers that nothing could be accepted by are worth waiting a little for. */
  private static final long CALIBRATING_NANOS = 5_000_000_000L;

  private final Console console;
  private final Installation installation;
  private final String task;
  private final DemoWatch watch;
  private final Patience patience;
  private final Map<String, LabelingRequest> requests = new LinkedHashMap<>();
  private final Set<String> refusedCorrections = new HashSet<>();
  private int refusedExamples;

  /** A message of a file and what is sent for it. */
  record Message(Row row, Query query) {}

  private Exchange(Console console, Installation installation, String task) {
    this.console = console;
    this.installation = installation;
    this.task = task;
    this.patience = new Patience(console, installation);
    this.watch = new DemoWatch(console, installation.cluster());
  }

  /** Puts the task and its examples in force, and waits until they count and all is ready. */
  static Exchange open(
      Console console,
      Installation installation,
      TaskFile task,
      List<Example> examples,
      Steps steps) {
    installation.apply(task);
    installation.add(examples);
    Exchange exchange = new Exchange(console, installation, task.task());
    try {
      exchange.awaitExamples(examples, steps);
      exchange.awaitReady(steps);
    } catch (RuntimeException e) {
      exchange.close();
      throw e;
    }
    return exchange;
  }

  private void awaitExamples(List<Example> examples, Steps steps) {
    // One with the id of another replaces it.
    long all = examples.stream().map(Example::getExampleId).distinct().count();
    long before = -1;
    while (true) {
      long there = memory().size();
      if (there != before) {
        patience.news();
        before = there;
      }
      steps.at("encoding examples", there, all);
      if (there + refusedExamples >= all && installation.stream().tasks().find(task).isPresent()) {
        return;
      }
      poll(outcome -> {});
      patience.keepHope("%d of %d examples".formatted(all - there, all));
    }
  }

  private void awaitReady(Steps steps) {
    while (!installation.ready()) {
      steps.at("loading the model", 0, -1);
      poll(outcome -> {});
      patience.keepHope("the model");
    }
    long deadline = System.nanoTime() + CALIBRATING_NANOS;
    while (!installation.stream().isCalibrated(task) && System.nanoTime() < deadline) {
      steps.at("calibrating", 0, -1);
      poll(outcome -> {});
    }
    patience.news();
  }

  private TaskMemory memory() {
    return installation.stream().memory().task(task);
  }

  /** What people were asked so far, and nobody took out yet. */
  Map<String, LabelingRequest> requests() {
    return requests;
  }

  /** A message as it is. */
  Message message(Row row) {
    return new Message(row, PublishCommand.query(task, row));
  }

  /** A message that is answered without being learned from or shown to people. */
  Message dryRun(Row row) {
    Query query =
        Query.newBuilder(PublishCommand.query(task, row))
            .setQueryId("dry-" + UUID.randomUUID())
            .setAttributes(Map.of(Topics.DRY_RUN, "true"))
            .build();
    return new Message(row, query);
  }

  /**
   * Sends messages and waits until each has its result or a dead letter. One id may come several
   * times: answers to the same key come in order.
   *
   * @param refused told of each dead letter
   */
  void ask(
      List<Message> messages,
      BiConsumer<Message, Result> answered,
      Consumer<Outcome.Refused> refused) {
    Map<String, Deque<Message>> waiting = new HashMap<>();
    for (Message message : messages) {
      waiting.computeIfAbsent(message.query().getQueryId(), id -> new ArrayDeque<>()).add(message);
    }
    int[] left = {messages.size()};
    CompletableFuture<Void> published = publish(messages);
    while (left[0] > 0) {
      poll(
          outcome -> {
            if (outcome instanceof Outcome.Answered found) {
              Deque<Message> asked = waiting.get(found.result().getQueryId());
              Message message = asked == null ? null : asked.poll();
              if (message != null) {
                left[0]--;
                answered.accept(message, found.result());
              }
            } else if (outcome instanceof Outcome.Refused dead
                && dead.what() == DemoWatch.What.MESSAGE) {
              left[0]--;
              refused.accept(dead);
            }
          });
      if (published.isCompletedExceptionally()) {
        join(published);
      }
      patience.keepHope("%d of %d messages".formatted(left[0], messages.size()));
    }
    join(published);
  }

  private CompletableFuture<Void> publish(List<Message> messages) {
    return CompletableFuture.runAsync(
        () -> {
          try (Sender<Query> sender =
              new Sender<>(
                  installation.cluster(),
                  installation.cluster().topics().queries(),
                  Query.class,
                  id -> {})) {
            for (Message message : messages) {
              String id = message.query().getQueryId();
              String key = message.row().key();
              sender.send(id, key == null ? id : key, message.query());
            }
            sender.flush();
          }
        },
        work -> {
          Thread thread = new Thread(work, "publish");
          thread.setDaemon(true);
          thread.start();
        });
  }

  private static void join(CompletableFuture<Void> published) {
    try {
      published.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /** Waits until people were asked about as many messages. */
  void awaitRequests(int count) {
    while (requests.size() < count) {
      poll(outcome -> {});
      patience.keepHope("what people are asked");
    }
  }

  /**
   * Corrects messages that have their first result, and waits until the memory has what they teach.
   *
   * @param outputs by query_id
   * @return how many took effect
   */
  int correct(Map<String, String> outputs, String labeler) {
    try (Sender<Correction> sender =
        new Sender<>(
            installation.cluster(),
            installation.cluster().topics().corrections(),
            Correction.class,
            id -> {})) {
      outputs.forEach((id, output) -> sender.send(id, id, correction(id, output, labeler)));
      sender.flush();
    }
    Set<String> open = new HashSet<>(outputs.keySet());
    int before = -1;
    while (!open.isEmpty()) {
      open.removeIf(id -> refusedCorrections.contains(id) || knows(id, outputs.get(id)));
      if (open.size() != before) {
        patience.news();
        before = open.size();
      }
      poll(outcome -> {});
      patience.keepHope("%d of %d corrections".formatted(open.size(), outputs.size()));
    }
    return (int) outputs.keySet().stream().filter(id -> !refusedCorrections.contains(id)).count();
  }

  private boolean knows(String queryId, @org.jspecify.annotations.Nullable String output) {
    return memory()
        .get(Topics.correctedExampleId(queryId))
        .filter(example -> example.output().equals(output))
        .isPresent();
  }

  private Correction correction(String id, String output, String labeler) {
    return Correction.newBuilder()
        .setQueryId(id)
        .setTask(task)
        .setText(null)
        .setOutput(output)
        .setLabeler(labeler)
        .setCreatedAt(Instant.now().truncatedTo(ChronoUnit.MILLIS))
        .build();
  }

  /** Has a head trained; waits for what comes of it and, if it is released, until it serves. */
  TrainingStatus retrain(String reason, Steps steps) {
    Cluster cluster = installation.cluster();
    Connection connection = new Connection(cluster.settings(), cluster.topics(), cluster.codecs());
    Requests.Place place = Requests.send(connection, task, Method.HEAD, reason);
    TrainingStatus status =
        new Retraining(console, task, place).await(cluster, steps, installation::check);
    patience.news();
    while (status.state() == TrainingStatus.State.RELEASED
        && !installation.stream().headVersion(task).equals(status.version())) {
      poll(outcome -> {});
      patience.keepHope("the release " + status.version());
    }
    return status;
  }

  private void poll(Consumer<Outcome> each) {
    watch.poll(
        outcome -> {
          patience.news();
          if (outcome instanceof Outcome.Asked asked) {
            requests.put(asked.request().getQueryId(), asked.request());
          } else if (outcome instanceof Outcome.Answered answered) {
            if (answered.result().getStatus() != Status.CORRECTED) {
              each.accept(outcome);
            }
          } else if (outcome instanceof Outcome.Refused refused) {
            refused(refused);
            each.accept(outcome);
          }
        });
  }

  private void refused(Outcome.Refused refused) {
    if (refused.what() == DemoWatch.What.CORRECTION) {
      refused.queryId().ifPresent(refusedCorrections::add);
      console.say("refused a correction: " + Style.brief(refused.why(), 120));
    } else if (refused.what() == DemoWatch.What.OTHER) {
      refusedExamples++;
      console.say("refused a task or an example: " + refused.why());
    }
  }

  @Override
  public void close() {
    watch.close();
  }
}
