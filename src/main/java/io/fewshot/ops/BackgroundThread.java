package io.fewshot.ops;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that keeps a piece of work going until it is closed. Whatever ends the work, errors of
 * the JVM included, is said once and shown in the health of the process, and the work begins anew
 * after a pause that grows from 0.5 to 15 seconds. So no thread ever ends in silence.
 *
 * <p>The work says itself when it is ready; from {@link #start} until then it is as the component
 * was left.
 */
public final class BackgroundThread implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(BackgroundThread.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);

  /** Work that went on for so long has recovered from what ended it before. */
  private static final Duration RECOVERED = Duration.ofMinutes(1);

  private static final Duration CLOSE = Duration.ofSeconds(10);
  private static final Duration INTERRUPTED = Duration.ofSeconds(2);

  private final String name;
  private final Health.Component health;
  private final Work work;
  private final Words words;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  /** What the thread does. */
  @FunctionalInterface
  public interface Work {

    /**
     * Works until {@code thread} is no longer open. It is called again when it returns before that,
     * or throws anything.
     */
    void run(BackgroundThread thread) throws Exception;
  }

  /** How an error is told to people. */
  @FunctionalInterface
  public interface Words {

    /** Messages are for people; without one, or from the JVM, the error's name helps more. */
    Words STANDARD =
        error ->
            error.getMessage() == null || error instanceof Error
                ? error.toString()
                : String.valueOf(error.getMessage());

    String of(Throwable error);
  }

  public BackgroundThread(String name, Health.Component health, Work work) {
    this(name, health, work, Words.STANDARD);
  }

  /**
   * @param name of the thread
   * @param health failed while the work pauses
   */
  public BackgroundThread(String name, Health.Component health, Work work, Words words) {
    this.name = name;
    this.health = health;
    this.work = work;
    this.words = words;
    this.thread = new Thread(this::keepGoing, name);
    thread.setDaemon(true);
  }

  public void start() {
    thread.start();
  }

  /** Whether the work should go on. */
  public boolean isOpen() {
    return closing.getCount() > 0;
  }

  /** Waits, and returns whether the work should go on; at once when it is closed. */
  public boolean pause(Duration time) {
    try {
      return !closing.await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing.countDown();
      return false;
    }
  }

  private void keepGoing() {
    Duration pause = FIRST_PAUSE;
    String said = null;
    while (isOpen()) {
      long start = System.nanoTime();
      Throwable error = session();
      if (!isOpen()) {
        return;
      }
      if (System.nanoTime() - start > RECOVERED.toNanos()) {
        pause = FIRST_PAUSE;
        said = null;
      }
      if (error != null) {
        said = say(error, said);
      }
      pause(pause);
      pause = shorter(pause.multipliedBy(2), LONGEST_PAUSE);
    }
  }

  private @Nullable Throwable session() {
    try {
      work.run(this);
      return null;
    } catch (Throwable e) {
      return e;
    }
  }

  private String say(Throwable error, @Nullable String said) {
    String why = words.of(error);
    health.failed(why);
    if (why.equals(said)) {
      LOG.debug("{} stopped again", name, error);
    } else if (error instanceof Error) {
      LOG.error("{} stopped and is tried again: {}", name, why, error);
    } else {
      LOG.warn("{} stopped and is tried again: {}", name, why);
      LOG.debug("The error in full", error);
    }
    return why;
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** Tells the work to end, without waiting for it. */
  public void stop() {
    closing.countDown();
  }

  /** Waits for the work to end, 12 seconds at most: after 10 it is interrupted. */
  @Override
  public void close() {
    stop();
    try {
      if (thread.getState() == Thread.State.NEW) {
        return;
      }
      thread.join(CLOSE.toMillis());
      if (thread.isAlive()) {
        thread.interrupt();
        thread.join(INTERRUPTED.toMillis());
      }
      if (thread.isAlive()) {
        LOG.warn("{} does not end", name);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
