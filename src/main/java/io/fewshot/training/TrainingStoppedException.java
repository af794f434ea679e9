package io.fewshot.training;

/** A training was told to stop, by interrupting its thread. */
public final class TrainingStoppedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private TrainingStoppedException() {
    super("the training was stopped");
  }

  /** Ends the training when its thread was interrupted. */
  static void check() {
    if (Thread.currentThread().isInterrupted()) {
      throw new TrainingStoppedException();
    }
  }
}
