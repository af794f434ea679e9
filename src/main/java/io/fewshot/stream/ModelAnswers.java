package io.fewshot.stream;

import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer.Attempt;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.BatchComputation.Outcome;
import io.fewshot.stream.DeadLetters.Reason;
import io.fewshot.stream.QueryQueues.TaskQueue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Has the escalated queries of one partition answered by the language model, beside the stream
 * thread that this belongs to, and hands the answers on when they are there. While a model cannot
 * be had its task's queries wait; when their time is over they get what the fast rungs say.
 */
final class ModelAnswers {

  /** How long queries are left alone after their model was not there. */
  private static final long RETRY_MILLIS = 500;

  /** An attempt that waited longer is made again: an example may have come that settles it. */
  private static final long ATTEMPT_MILLIS = 10_000;

  /** Escalated queries of one task that are kept ahead of the language model. */
  private static final int MAX_ESCALATED = 256;

  /** A batch waits this long for company while new queries are still looked at. */
  private static final long COMPANY_MILLIS = 200;

  private final AnsweringParts parts;
  private final QueryQueues queues;
  private final StreamMeters meters;
  private final Outlet outlet;

  /**
   * The batches that are computed, by task. When the partition goes elsewhere they are forgotten:
   * whoever has it next computes them again.
   */
  private final Map<String, ModelBatch> underWay = new LinkedHashMap<>();

  /** Where queries go that are dealt with. */
  interface Outlet {

    void send(TaskDefinition task, BufferedQuery query, Answer answer);

    void giveUp(BufferedQuery query, Reason reason, Throwable cause);
  }

  ModelAnswers(AnsweringParts parts, QueryQueues queues, StreamMeters meters, Outlet outlet) {
    this.parts = parts;
    this.queues = queues;
    this.meters = meters;
    this.outlet = outlet;
  }

  /** Whether so many of a task are escalated that looking at more of it only costs memory. */
  boolean isBehind(TaskQueue queue) {
    return queue.escalated() >= MAX_ESCALATED && !parts.outages().isOut(queue.task);
  }

  /** Hands escalated messages to the language model, one batch of each task at a time. */
  void ask(long now) {
    for (Optional<TaskQueue> next = queues.next(queue -> mayAsk(queue, now));
        next.isPresent();
        next = queues.next(queue -> mayAsk(queue, now))) {
      TaskQueue queue = next.get();
      Optional<TaskDefinition> task = parts.tasks().find(queue.task);
      if (task.isEmpty()) {
        return;
      }
      ModelBatch batch =
          new ModelBatch(task.get(), queue.takeEscalated(parts.modelSizes().of(queue.task).size()));
      underWay.put(queue.task, batch);
      long notBefore = now - ATTEMPT_MILLIS;
      parts.executor().execute(queue.task, () -> batch.compute(parts.answerer(), notBefore));
    }
    send(now);
  }

  private boolean mayAsk(TaskQueue queue, long now) {
    if (underWay.containsKey(queue.task) || !queue.mayAskModel(now)) {
      return false;
    }
    return queue.escalated() >= parts.modelSizes().of(queue.task).size()
        || !queue.mayAskFast(now)
        || isBehind(queue)
        || now - queue.firstEscalated().arrivedAt() > COMPANY_MILLIS;
  }

  /** Sends what the language model has answered meanwhile. */
  void send(long now) {
    for (ModelBatch batch : List.copyOf(underWay.values())) {
      if (batch.isDone()) {
        underWay.remove(batch.task().task());
        finish(batch, now);
      }
    }
  }

  private void finish(ModelBatch batch, long now) {
    String task = batch.task().task();
    List<BufferedQuery> waiting = new ArrayList<>();
    int computed = 0;
    List<Outcome<Answer>> outcomes = batch.outcomes();
    for (int i = 0; i < outcomes.size(); i++) {
      BufferedQuery query = batch.queries().get(i);
      Outcome<Answer> outcome = outcomes.get(i);
      if (outcome instanceof Outcome.Computed<Answer> answer) {
        outlet.send(batch.task(), query, answer.result());
        computed++;
      } else if (outcome instanceof Outcome.Failed<Answer> failed) {
        outlet.giveUp(query, Reason.INFERENCE_FAILED, failed.cause());
      } else if (outcome instanceof Outcome.NotReady<Answer> notReady) {
        parts.outages().unavailable(task, notReady.why(), now);
        waiting.add(query);
      }
    }
    if (computed > 0) {
      parts.modelSizes().of(task).took(batch.queries().size(), batch.nanos());
      meters.batch(batch.queries().size(), batch.nanos());
    }
    TaskQueue queue = queues.of(task);
    queue.putBackEscalated(waiting);
    if (waiting.isEmpty()) {
      parts.outages().available(task);
    } else {
      queue.askModelLater(now + RETRY_MILLIS);
      waiting.forEach(BufferedQuery::forgetAttempt);
    }
    queues.advance(batch.queries());
  }

  /** The model could not be had in time: what the rungs below say counts for what it is. */
  void fallBack(long now) {
    queues
        .next(
            queue ->
                queue.escalated() > 0
                    && !queue.mayAskModel(now)
                    && parts.outages().isOver(queue.task, now))
        .ifPresent(
            queue -> parts.tasks().find(queue.task).ifPresent(task -> fallBack(task, queue, now)));
  }

  private void fallBack(TaskDefinition task, TaskQueue queue, long now) {
    List<BufferedQuery> batch = queue.takeEscalated(parts.fastSizes().of(queue.task).size());
    List<Outcome<Attempt>> outcomes =
        new BatchComputation<BufferedQuery, Attempt>(
                queries ->
                    ModelBatch.attempts(parts.answerer(), task, queries, now - ATTEMPT_MILLIS),
                () -> parts.answerer().attempt(Probe.like(task, batch)))
            .run(batch);
    List<BufferedQuery> waiting = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      BufferedQuery query = batch.get(i);
      if (outcomes.get(i) instanceof Outcome.Computed<Attempt> computed) {
        Attempt attempt = computed.result();
        attempt
            .settled()
            .or(attempt::fallback)
            .ifPresentOrElse(answer -> outlet.send(task, query, answer), () -> giveUp(query, task));
      } else if (outcomes.get(i) instanceof Outcome.Failed<Attempt> failed) {
        outlet.giveUp(query, Reason.INFERENCE_FAILED, failed.cause());
      } else {
        waiting.add(query);
      }
    }
    queue.putBackEscalated(waiting);
    queues.advance(batch);
  }

  private void giveUp(BufferedQuery query, TaskDefinition task) {
    String message =
        "no rung below the language model has an opinion, and it could not be had: "
            + parts.outages().reason(task.task());
    outlet.giveUp(query, Reason.MODEL_UNAVAILABLE, new DeadLetters.Refused(message));
  }
}
