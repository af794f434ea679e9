package io.fewshot.cli;

import io.fewshot.cli.Exchange.Message;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Status;
import io.fewshot.labeling.LabelingQueue;
import io.fewshot.labeling.OpenRequest;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.training.TrainingStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Messages come, some go to people, a labeler who is always right answers the most useful of them,
 * and now and then it is measured what that brought. In rounds: each spends about an eighth of the
 * budget, out of twice as many requests if the messages suffice, and ends with a training and the
 * test. For one thread.
 */
final class Simulation {

  private static final String LABELER = "simulation";
  private static final int ROUNDS = 8;

  /** So many messages are answered before it is looked at what they brought. */
  private static final int CHUNK = 32;

  private final TaskDefinition task;
  private final Exchange exchange;
  private final List<Row> test;
  private final int budget;
  private final LabelingQueue queue = new LabelingQueue();
  private final Map<String, Row> rows = new HashMap<>();
  private int seen;
  private int labels;
  private String head = "";

  Simulation(TaskDefinition task, Exchange exchange, List<Row> test, int budget) {
    this.task = task;
    this.exchange = exchange;
    this.test = test;
    this.budget = budget;
  }

  /** Until the budget is spent, or nothing is left to ask about. */
  void run(List<Row> messages, Consumer<CurvePoint> points, Steps steps) {
    points.accept(measure(steps));
    Iterator<Row> coming = messages.iterator();
    int quota = Math.max(1, (budget + ROUNDS - 1) / ROUNDS);
    while (labels < budget && (coming.hasNext() || queue.size() > 0)) {
      int most = Math.min(quota, budget - labels);
      while (coming.hasNext() && queue.size() < 2 * most) {
        steps.at("answering messages", seen, messages.size());
        answer(coming);
      }
      if (!label(most, steps)) {
        continue;
      }
      train(steps);
      points.accept(measure(steps));
    }
  }

  private void answer(Iterator<Row> coming) {
    List<Message> chunk = new ArrayList<>();
    while (coming.hasNext() && chunk.size() < CHUNK) {
      Message message = exchange.message(coming.next());
      rows.put(message.query().getQueryId(), message.row());
      chunk.add(message);
    }
    int[] forPeople = {0};
    exchange.ask(
        chunk,
        (message, result) -> {
          seen++;
          forPeople[0] += result.getStatus() == Status.NEEDS_REVIEW ? 1 : 0;
        },
        refused -> {});
    // Audits come on top of these.
    exchange.awaitRequests(forPeople[0]);
    for (LabelingRequest request : exchange.requests().values()) {
      queue.put(OpenRequest.of(request, Instant.now()));
    }
    exchange.requests().clear();
  }

  /** Whether anything was labeled; what has no label of the task is looked at and put aside. */
  private boolean label(int most, Steps steps) {
    Map<String, String> outputs = new LinkedHashMap<>();
    while (outputs.size() < most) {
      Optional<OpenRequest> next = queue.next(request -> true);
      if (next.isEmpty()) {
        break;
      }
      String id = next.get().queryId();
      queue.remove(id);
      Row row = rows.remove(id);
      if (row != null && Corrections.isLabelOf(task, row.label())) {
        outputs.put(id, String.valueOf(row.label()));
      }
    }
    if (outputs.isEmpty()) {
      return false;
    }
    steps.at("correcting", 0, -1);
    exchange.correct(outputs, LABELER);
    labels += outputs.size();
    return true;
  }

  private void train(Steps steps) {
    if (task.kind() == Kind.CLASSIFY && task.rungs().contains(Rung.HEAD)) {
      TrainingStatus status = exchange.retrain("%d labels are spent".formatted(labels), steps);
      if (status.state() == TrainingStatus.State.RELEASED) {
        head = status.version();
      }
    }
  }

  private CurvePoint measure(Steps steps) {
    Summary all = new Summary(task.kind());
    Summary ofTask = new Summary(task.kind());
    int[] done = {0};
    exchange.ask(
        test.stream().map(exchange::dryRun).toList(),
        (message, result) -> {
          steps.at("asking the test", ++done[0], test.size());
          String label = message.row().label();
          all.add(result, label);
          if (Corrections.isLabelOf(task, label)) {
            ofTask.add(result, label);
          }
        },
        refused -> {});
    return new CurvePoint(
        seen,
        labels,
        ofTask.accuracy(),
        all.acceptedShare(),
        all.acceptedAccuracy(),
        test.size(),
        head);
  }
}
