package io.fewshot.training;

import io.fewshot.event.Codecs;
import io.fewshot.event.Method;
import io.fewshot.event.Topics;
import io.fewshot.memory.Encoders;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The trainer in one process: answers the requests in the topic {@code retrain} with releases or
 * reasons, and makes requests when enough was learned. Owns its threads and encoders from {@link
 * #start} until {@link #close}.
 *
 * <p>Several trainers share the partitions of {@code retrain}. While one trains, its partition is
 * paused and its heartbeats go on; the request's offset is committed in the transaction that
 * publishes what came of it, so a training that dies is started again by whoever gets the
 * partition.
 */
public final class TrainerService implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainerService.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);
  private static final Duration CLOSE = Duration.ofSeconds(30);

  private final Connection connection;
  private final Encoders encoders = new Encoders();
  private final Health.Component health;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final TrainerRounds rounds;
  private final Triggers triggers;
  private final Thread loop = new Thread(() -> keepGoing(this::rounds), "fewshot-trainer");
  private final Thread watch = new Thread(() -> keepGoing(this::watch), "fewshot-triggers");

  /** Told how far a training is; called from several threads. */
  @FunctionalInterface
  public interface Listener {

    Listener NONE = (task, method, step, done) -> {};

    /**
     * @param done from 0 to 1
     */
    void at(String task, Method method, String step, double done);
  }

  /**
   * @param codecs not closed here
   */
  public TrainerService(
      Settings settings,
      Topics topics,
      Codecs codecs,
      Health health,
      Metrics metrics,
      Listener listener) {
    this.connection = new Connection(settings, topics, codecs);
    this.health = health.component("trainer");
    this.health.starting("waiting for the broker");
    this.triggers = new Triggers(connection, settings.trainerExamples(), settings.trainerEvery());
    HeadTraining heads =
        new HeadTraining(connection, encoders, Gate.STANDARD, settings.trainerHoldout());
    LoraTraining adapters =
        new LoraTraining(connection, encoders, Gate.STANDARD, LoraSettings.of(settings));
    this.rounds =
        new TrainerRounds(
            connection,
            new Trainings(connection, heads, adapters, new TrainingMeters(metrics.registry())),
            triggers,
            listener);
  }

  /** Starts in the background; a broker that is away is waited for. */
  public void start() {
    loop.start();
    watch.start();
  }

  private void rounds() {
    rounds.run(closing, health::ready);
  }

  private void watch() {
    triggers.run(closing);
  }

  /** Again and again, with growing pauses when it fails, until this is closed. */
  private void keepGoing(Runnable session) {
    Duration pause = FIRST_PAUSE;
    while (closing.getCount() > 0) {
      long start = System.nanoTime();
      try {
        session.run();
      } catch (KafkaException | io.fewshot.event.RecordException e) {
        if (closing.getCount() == 0) {
          return;
        }
        LOG.atLevel(e instanceof TimeoutException ? Level.INFO : Level.WARN)
            .log("The trainer goes on in {} ms: {}", pause.toMillis(), e.toString());
        health.failed(reason(e));
      }
      if (System.nanoTime() - start > TimeUnit.MINUTES.toNanos(1)) {
        pause = FIRST_PAUSE;
      }
      await(pause);
      pause =
          pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0
              ? LONGEST_PAUSE
              : pause.multipliedBy(2);
    }
  }

  private String reason(RuntimeException e) {
    return e instanceof TimeoutException
        ? "the broker at %s does not answer: %s"
            .formatted(connection.settings().bootstrapServers(), e.getMessage())
        : String.valueOf(e.getMessage());
  }

  private void await(Duration time) {
    try {
      closing.await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing.countDown();
    }
  }

  @Override
  public void close() {
    closing.countDown();
    for (Thread thread : new Thread[] {loop, watch}) {
      try {
        if (thread.getState() != Thread.State.NEW) {
          thread.join(CLOSE.toMillis());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    rounds.close();
    encoders.close();
  }
}
