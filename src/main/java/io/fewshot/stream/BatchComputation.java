package io.fewshot.stream;

import io.fewshot.ladder.Answerer.NotReadyException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes a batch so that one bad message costs only itself, and a fault of the system costs none.
 *
 * <p>A batch that fails is bisected until the culprit stands alone. Whether there is a culprit at
 * all is asked first: when a message that is known to be good fails too, it is the system (memory,
 * an encoder that does not load, a shutdown), and all messages wait.
 *
 * @param <Q> what is asked about a message
 * @param <R> what is computed for it
 */
final class BatchComputation<Q, R> {

  private static final Logger LOG = LoggerFactory.getLogger(BatchComputation.class);

  private final Function<List<Q>, List<R>> compute;
  private final Runnable probe;

  /** What became of one message. */
  sealed interface Outcome<R> {

    record Computed<R>(R result) implements Outcome<R> {}

    /** The message itself cannot be computed. */
    record Failed<R>(Throwable cause) implements Outcome<R> {}

    /** The message is fine and is to wait. */
    record NotReady<R>(NotReadyException why) implements Outcome<R> {}
  }

  /**
   * @param compute gives a result for each, in order; throws when it fails for any
   * @param probe computes a message that is known to be good; throws when that fails
   */
  BatchComputation(Function<List<Q>, List<R>> compute, Runnable probe) {
    this.compute = compute;
    this.probe = probe;
  }

  /** An outcome for each, in order; throws nothing. */
  List<Outcome<R>> run(List<Q> batch) {
    try {
      List<Outcome<R>> outcomes = new ArrayList<>();
      compute.apply(batch).forEach(result -> outcomes.add(new Outcome.Computed<>(result)));
      return outcomes;
    } catch (NotReadyException e) {
      return all(batch, e);
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError | LinkageError e) {
      return afterFailure(batch, e);
    }
  }

  private List<Outcome<R>> afterFailure(List<Q> batch, Throwable failure) {
    try {
      probe.run();
    } catch (NotReadyException e) {
      return all(batch, e);
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError | LinkageError e) {
      LOG.debug(
          "A batch of {} waits, since nothing can be computed: {}", batch.size(), e.toString());
      return all(batch, new NotReadyException("nothing can be computed: " + e));
    }
    if (batch.size() == 1) {
      return List.of(new Outcome.Failed<>(failure));
    }
    LOG.warn("A batch of {} failed and is bisected: {}", batch.size(), failure.toString());
    int half = batch.size() / 2;
    List<Outcome<R>> outcomes = new ArrayList<>(run(batch.subList(0, half)));
    outcomes.addAll(run(batch.subList(half, batch.size())));
    return outcomes;
  }

  private List<Outcome<R>> all(List<Q> batch, NotReadyException why) {
    return Collections.nCopies(batch.size(), new Outcome.NotReady<>(why));
  }
}
