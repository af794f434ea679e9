package io.fewshot.stream;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one topology running: a stream thread that dies is replaced, and a client that dies as a
 * whole (its global thread cannot be replaced) is built anew, with growing pauses, until this is
 * closed. Nothing is lost meanwhile: what was not committed is read again.
 *
 * <p>One thread of our own owns the client: {@link #start} starts it, {@link #close} ends it. Kafka
 * Streams owns the stream threads.
 */
final class StreamApplication implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StreamApplication.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);
  private static final Duration CLOSE = Duration.ofSeconds(20);

  /** What the application is doing, for /readyz. */
  sealed interface State {

    /** Connecting, restoring or rebalancing. */
    record Starting(String what) implements State {}

    record Running() implements State {}

    /** Stopped by an error; it will be tried again. */
    record Failed(String why) implements State {}
  }

  private final String name;
  private final Supplier<Topology> topology;
  private final Properties config;
  private final Consumer<KafkaStreams> onRunning;
  private final Consumer<State> listener;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread owner;
  private volatile @Nullable String lastError;

  /**
   * @param onRunning called with the client each time that it runs, also after a rebalance, to bind
   *     the meters that it has by then; from a thread of Kafka's
   * @param listener called from several threads
   */
  StreamApplication(
      String name,
      Supplier<Topology> topology,
      Properties config,
      Consumer<KafkaStreams> onRunning,
      Consumer<State> listener) {
    this.name = name;
    this.topology = topology;
    this.config = config;
    this.onRunning = onRunning;
    this.listener = listener;
    this.owner = new Thread(this::keepRunning, "fewshot-" + name);
  }

  void start() {
    owner.start();
  }

  private void keepRunning() {
    Duration pause = FIRST_PAUSE;
    while (closing.getCount() > 0) {
      long start = System.nanoTime();
      runOnce();
      if (System.nanoTime() - start > TimeUnit.MINUTES.toNanos(1)) {
        pause = FIRST_PAUSE;
      }
      if (awaitClosing(pause)) {
        return;
      }
      pause =
          pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0
              ? LONGEST_PAUSE
              : pause.multipliedBy(2);
    }
  }

  /** Runs one client until it fails or this is closed. */
  private void runOnce() {
    CountDownLatch ended = new CountDownLatch(1);
    listener.accept(new State.Starting("connecting"));
    try (KafkaStreams streams = new KafkaStreams(topology.get(), config)) {
      streams.setUncaughtExceptionHandler(this::replaceThread);
      streams.setStateListener(
          (now, before) -> {
            follow(now, ended);
            if (now == KafkaStreams.State.RUNNING) {
              onRunning.accept(streams);
            }
          });
      Thread closer = closeWhenAsked(streams, ended);
      streams.start();
      ended.await();
      streams.close(CLOSE);
      closer.interrupt();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  /** `start()` blocks while a global store restores, so closing must come from another thread. */
  private Thread closeWhenAsked(KafkaStreams streams, CountDownLatch ended) {
    Thread closer =
        new Thread(
            () -> {
              try {
                closing.await();
                streams.close(CLOSE);
                ended.countDown();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "fewshot-" + name + "-close");
    closer.setDaemon(true);
    closer.start();
    return closer;
  }

  private StreamThreadExceptionResponse replaceThread(Throwable error) {
    fail(error);
    // A broker that is away fails the next thread too: not a hundred times a second.
    return awaitClosing(FIRST_PAUSE)
        ? StreamThreadExceptionResponse.SHUTDOWN_CLIENT
        : StreamThreadExceptionResponse.REPLACE_THREAD;
  }

  private void follow(KafkaStreams.State now, CountDownLatch ended) {
    switch (now) {
      case RUNNING -> {
        lastError = null;
        listener.accept(new State.Running());
      }
      case CREATED, REBALANCING -> listener.accept(new State.Starting("joining the group"));
      case ERROR, NOT_RUNNING -> ended.countDown();
      case PENDING_ERROR, PENDING_SHUTDOWN -> {
        // On its way to one of the above.
      }
    }
  }

  private void fail(Throwable error) {
    Throwable root = error;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String why = root.getClass().getSimpleName() + ": " + root.getMessage();
    if (!why.equals(lastError)) {
      LOG.warn("The {} application stopped and is started again: {}", name, why);
      LOG.debug("The error in full", error);
    }
    lastError = why;
    listener.accept(new State.Failed(why));
  }

  private boolean awaitClosing(Duration time) {
    try {
      return closing.await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  @Override
  public void close() {
    closing.countDown();
    try {
      owner.join(CLOSE.multipliedBy(2).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
