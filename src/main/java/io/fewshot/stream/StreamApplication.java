package io.fewshot.stream;

import io.fewshot.ops.Health;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
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
 * Streams owns the stream threads. Stopping leaves the group, so that others take over at once.
 */
final class StreamApplication implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StreamApplication.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);

  /** What does not fit may be mended at any time. */
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private static final Duration CLOSE = Duration.ofSeconds(15);
  private static final long LOOK_MILLIS = 100;

  private final String name;
  private final Runnable check;
  private final Supplier<Topology> topology;
  private final Properties config;
  private final Consumer<KafkaStreams> onRunning;
  private final Counter restartCount;
  private final Restarts restarts = new Restarts(System::nanoTime);
  private final OrphanedTransactions orphans;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread owner;
  private volatile Health.Status status = Health.Status.starting("waiting for broker and registry");
  private volatile @Nullable String lastError;

  StreamApplication(
      String name,
      Supplier<Topology> topology,
      Properties config,
      Consumer<KafkaStreams> onRunning,
      MeterRegistry meters) {
    this(name, () -> {}, topology, config, onRunning, meters);
  }

  /**
   * @param check called before a client is built, and when a thread died; throws {@link
   *     Surroundings.UnfitException} when a client would not run, or must not
   * @param onRunning called with the client each time that it runs, also after a rebalance, to bind
   *     the meters that it has by then; from a thread of Kafka's
   */
  StreamApplication(
      String name,
      Runnable check,
      Supplier<Topology> topology,
      Properties config,
      Consumer<KafkaStreams> onRunning,
      MeterRegistry meters) {
    this.name = name;
    this.check = check;
    this.topology = topology;
    this.config = config;
    this.onRunning = onRunning;
    this.orphans = OrphanedTransactions.of(name, config);
    this.restartCount =
        Counter.builder("fewshot.stream.restarts")
            .description("Stream threads that were replaced, and clients that were built anew")
            .tag("application", name)
            .register(meters);
    this.owner = new Thread(this::keepRunning, "fewshot-" + name);
  }

  void start() {
    owner.start();
  }

  /** How it is, for /readyz; it comes at once. */
  Health.Status status() {
    return restarts.unsettled().map(Health.Status::failed).orElse(status);
  }

  private void keepRunning() {
    Duration pause = FIRST_PAUSE;
    while (isOpen()) {
      long start = System.nanoTime();
      boolean ran = runOnce();
      if (System.nanoTime() - start > TimeUnit.MINUTES.toNanos(1)) {
        pause = FIRST_PAUSE;
      }
      if (awaitClosing(ran ? pause : AGAIN)) {
        return;
      }
      if (ran) {
        restarted("its client failed");
        Duration longer = pause.multipliedBy(2);
        pause = longer.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : longer;
      }
    }
  }

  /** Runs one client until it fails or this is closed; false when there was none to run. */
  private boolean runOnce() {
    boolean built = false;
    try {
      check.run();
      status = Health.Status.starting("connecting");
      CountDownLatch ended = new CountDownLatch(1);
      KafkaStreams streams = new KafkaStreams(topology.get(), config);
      built = true;
      Thread starting = starting(streams, ended);
      try {
        streams.setUncaughtExceptionHandler(this::replaceThread);
        streams.setStateListener(
            (now, before) -> {
              follow(now, ended);
              if (now == KafkaStreams.State.RUNNING) {
                onRunning.accept(streams);
              }
            });
        starting.start();
        while (isOpen() && !ended.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
          // Both are looked at: it ends by itself, or because it is told to.
        }
      } finally {
        stop(streams, starting);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      fail(e);
    }
    return built;
  }

  /** Starting blocks while a global store restores, and must not hold up closing. */
  private Thread starting(KafkaStreams streams, CountDownLatch ended) {
    return daemon(
        "start",
        () -> {
          try {
            streams.start();
          } catch (RuntimeException | Error e) {
            if (isOpen()) {
              fail(e);
            }
            ended.countDown();
          }
        });
  }

  /**
   * Within a bounded time. While it starts, all ways to close it that have a bound of their own
   * wait for the start; and no thread is in the group yet.
   */
  private void stop(KafkaStreams streams, Thread starting) {
    CloseOptions leaving =
        CloseOptions.timeout(CLOSE)
            .withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP);
    boolean started = !starting.isAlive();
    Thread closer =
        daemon(
            "close",
            () -> {
              if (started) {
                streams.close(leaving);
              } else {
                streams.close();
              }
            });
    closer.start();
    join(closer, CLOSE);
    if (closer.isAlive()) {
      LOG.warn("The {} application did not end within {} s", name, CLOSE.toSeconds());
    }
  }

  private Thread daemon(String what, Runnable task) {
    Thread thread = new Thread(task, "fewshot-" + name + "-" + what);
    thread.setDaemon(true);
    return thread;
  }

  private StreamThreadExceptionResponse replaceThread(Throwable error) {
    fail(error);
    // A broker that is away fails the next thread too: not a hundred times a second.
    if (awaitClosing(FIRST_PAUSE)) {
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    }
    restarted(String.valueOf(lastError));
    return fits()
        ? StreamThreadExceptionResponse.REPLACE_THREAD
        : StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
  }

  /** A thread in place of one that what is around has ended would end the same way. */
  private boolean fits() {
    try {
      check.run();
    } catch (Surroundings.UnfitException e) {
      fail(e);
      return false;
    } catch (RuntimeException e) {
      LOG.debug("Whether the {} application can run is not known", name, e);
    }
    return true;
  }

  private void restarted(String why) {
    restartCount.increment();
    String last = lastError;
    restarts.count(last == null ? why : last);
  }

  private void follow(KafkaStreams.State now, CountDownLatch ended) {
    switch (now) {
      case RUNNING -> {
        lastError = null;
        status = Health.Status.READY;
      }
      case CREATED -> status = Health.Status.starting("joining the group");
      case REBALANCING -> {
        status = Health.Status.starting("joining the group");
        orphans.look();
      }
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
    String why =
        root instanceof Surroundings.UnfitException
            ? String.valueOf(root.getMessage())
            : root.getClass().getSimpleName() + ": " + root.getMessage();
    if (!why.equals(lastError)) {
      LOG.warn("The {} application stopped and is started again: {}", name, why);
      LOG.debug("The error in full", error);
    }
    lastError = why;
    status = Health.Status.failed(why);
  }

  private boolean isOpen() {
    return closing.getCount() > 0;
  }

  private boolean awaitClosing(Duration time) {
    try {
      return closing.await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private static void join(Thread thread, Duration time) {
    try {
      thread.join(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Tells it to end, without waiting for it. */
  void stop() {
    closing.countDown();
  }

  @Override
  public void close() {
    stop();
    join(owner, CLOSE.plusSeconds(2));
    orphans.close();
  }
}
