package io.fewshot.stream;

import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.Answerer.Attempt;
import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.ladder.Message;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.BatchComputation.Outcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Messages of one task that the language model is asked about, on a thread beside the stream
 * threads. The stream thread that made it takes the outcomes when they are there; until then the
 * records lie in their buffer, and no transaction is open for them.
 */
final class ModelBatch {

  private final TaskDefinition task;
  private final List<BufferedQuery> queries;
  private final CompletableFuture<List<Outcome<Answer>>> outcomes = new CompletableFuture<>();
  private volatile long nanos;

  ModelBatch(TaskDefinition task, List<BufferedQuery> queries) {
    this.task = task;
    this.queries = List.copyOf(queries);
  }

  TaskDefinition task() {
    return task;
  }

  List<BufferedQuery> queries() {
    return queries;
  }

  /**
   * Computes the outcomes on the calling thread.
   *
   * @param attemptsNotBefore older attempts are made again: an example may have come that settles
   *     the message
   */
  void compute(Answerer answerer, long attemptsNotBefore) {
    long start = System.nanoTime();
    try {
      outcomes.complete(
          new BatchComputation<BufferedQuery, Answer>(
                  batch -> answers(answerer, batch, attemptsNotBefore), () -> probe(answerer))
              .run(queries));
    } catch (RuntimeException | Error e) {
      // Nobody may be left waiting for a batch that ended in a way that nobody thought of.
      NotReadyException why = new NotReadyException("the batch ended unexpectedly: " + e);
      outcomes.complete(Collections.nCopies(queries.size(), new Outcome.NotReady<>(why)));
      throw e;
    } finally {
      nanos = System.nanoTime() - start;
    }
  }

  private List<Answer> answers(Answerer answerer, List<BufferedQuery> batch, long notBefore) {
    List<Attempt> attempts = attempts(answerer, task, batch, notBefore);
    List<Attempt> open = attempts.stream().filter(a -> a.settled().isEmpty()).toList();
    Iterator<Answer> finished =
        (open.isEmpty() ? List.<Answer>of() : answerer.finish(open)).iterator();
    return attempts.stream().map(attempt -> attempt.settled().orElseGet(finished::next)).toList();
  }

  /** What the fast rungs say of each; those whose attempt is too old or gone are asked again. */
  static List<Attempt> attempts(
      Answerer answerer, TaskDefinition task, List<BufferedQuery> batch, long notBefore) {
    List<BufferedQuery> untried = new ArrayList<>();
    for (BufferedQuery query : batch) {
      if (query.attempt(notBefore) == null) {
        untried.add(query);
      }
    }
    Iterator<Attempt> made =
        (untried.isEmpty()
                ? List.<Attempt>of()
                : answerer.attempt(
                    untried.stream()
                        .map(query -> new Message(task, query.query().getText()))
                        .toList()))
            .iterator();
    List<Attempt> attempts = new ArrayList<>();
    for (BufferedQuery query : batch) {
      @Nullable Attempt before = query.attempt(notBefore);
      attempts.add(before == null ? made.next() : before);
    }
    return attempts;
  }

  /** A message that is known to be good, asked as these are. */
  private void probe(Answerer answerer) {
    answerer.finish(answerer.attempt(Probe.like(task, queries)));
  }

  boolean isDone() {
    return outcomes.isDone();
  }

  /** An outcome for each query, in order; it is done. */
  List<Outcome<Answer>> outcomes() {
    return outcomes.join();
  }

  /** How long it was computed. */
  long nanos() {
    return nanos;
  }
}
