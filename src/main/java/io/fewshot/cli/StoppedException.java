package io.fewshot.cli;

import io.fewshot.training.TrainingStoppedException;
import org.apache.kafka.common.errors.InterruptException;

/** The person at the keyboard, or the system, wants the command to end. */
final class StoppedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  StoppedException() {
    super("stopped");
    // What is closed on the way out must be able to wait.
    Thread.interrupted();
  }

  /**
   * Between two parts of a computation that does not look for itself.
   *
   * @throws StoppedException when the thread was told to stop
   */
  static void check() {
    if (Thread.currentThread().isInterrupted()) {
      throw new StoppedException();
    }
  }

  /** Waits. */
  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw stopped(e);
    }
  }

  static boolean isCause(Throwable e) {
    return e instanceof StoppedException
        || e instanceof InterruptedException
        || e instanceof InterruptException
        || e instanceof TrainingStoppedException;
  }

  private static StoppedException stopped(InterruptedException cause) {
    StoppedException stopped = new StoppedException();
    stopped.initCause(cause);
    return stopped;
  }
}
