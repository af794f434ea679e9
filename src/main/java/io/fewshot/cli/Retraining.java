package io.fewshot.cli;

import io.fewshot.training.Requests;
import io.fewshot.training.TrainingStatus;
import io.fewshot.training.TrainingStatus.State;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Waits for what comes of a request for a training, and shows how far it is. For one thread. */
final class Retraining {

  private static final long PATIENCE_NANOS = 15_000_000_000L;

  private final Console console;
  private final String task;
  private final Requests.Place place;
  private @Nullable TrainingStatus ended;
  private boolean heard;
  private boolean said;

  Retraining(Console console, String task, Requests.Place place) {
    this.console = console;
    this.task = task;
    this.place = place;
  }

  /**
   * Waits for the end of the training that answers the request.
   *
   * @param check throws when it is of no use to wait on
   */
  TrainingStatus await(Cluster cluster, Steps steps, Runnable check) {
    long start = System.nanoTime();
    try (TopicReader reader = new TopicReader(cluster, cluster.topics().trainings())) {
      while (ended == null) {
        reader.poll(
            record -> {
              TrainingStatus.of(record.value())
                  .filter(status -> status.task().equals(task))
                  .ifPresent(status -> take(status, steps));
              return ended == null;
            });
        if (!heard && !said && System.nanoTime() - start > PATIENCE_NANOS) {
          said = true;
          console.say("no trainer has taken it yet: start one with ./fewshot trainer");
        }
        check.run();
      }
    }
    return Objects.requireNonNull(ended);
  }

  private void take(TrainingStatus status, Steps steps) {
    if (status.answers(place.partition(), place.offset())) {
      ended = status;
    } else if (status.state() == State.TRAINING && status.upTo() >= place.offset()) {
      heard = true;
      steps.at(status.step(), Math.round(100 * status.done()), 100);
    }
  }
}
