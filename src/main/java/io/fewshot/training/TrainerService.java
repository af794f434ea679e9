package io.fewshot.training;

import io.fewshot.event.Codecs;
import io.fewshot.event.Method;
import io.fewshot.event.Topics;
import io.fewshot.memory.Encoders;
import io.fewshot.ops.BackgroundThread;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import org.apache.kafka.common.errors.TimeoutException;

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

  private final Connection connection;
  private final Encoders encoders = new Encoders();
  private final Health.Component health;
  private final Health.Component triggerHealth;
  private final TrainerRounds rounds;
  private final Triggers triggers;
  private final BackgroundThread loop;
  private final BackgroundThread watch;

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
    this.triggerHealth = health.component("triggers");
    this.triggerHealth.starting("waiting for the broker");
    this.loop = new BackgroundThread("fewshot-trainer", this.health, this::rounds, this::reason);
    this.watch = new BackgroundThread("fewshot-triggers", triggerHealth, this::watch, this::reason);
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

  private void rounds(BackgroundThread self) {
    rounds.run(self::isOpen, health::ready);
  }

  private void watch(BackgroundThread self) {
    triggers.run(self::isOpen, triggerHealth::ready);
  }

  private String reason(Throwable e) {
    return e instanceof TimeoutException
        ? "the broker at %s does not answer: %s"
            .formatted(connection.settings().bootstrapServers(), e.getMessage())
        : BackgroundThread.Words.STANDARD.of(e);
  }

  @Override
  public void close() {
    loop.stop();
    watch.stop();
    loop.close();
    watch.close();
    rounds.close();
    encoders.close();
  }
}
