package io.fewshot.cli;

/**
 * Waits for an installation as long as it makes sense: says what it waits for when nothing comes
 * for long, and does not wait forever. For one thread.
 */
final class Patience {

  private static final long SAY_AFTER_NANOS = 20_000_000_000L;
  private static final long FAILED_FOR_NANOS = 20_000_000_000L;
  private static final long GIVE_UP_AFTER_NANOS = 600_000_000_000L;

  private final Console console;
  private final Installation installation;
  private long lastNews = System.nanoTime();
  private long lastSaid = System.nanoTime();
  private long lastSound = System.nanoTime();

  Patience(Console console, Installation installation) {
    this.console = console;
    this.installation = installation;
  }

  /** Something came. */
  void news() {
    lastNews = System.nanoTime();
  }

  /**
   * To be asked for again and again while waiting.
   *
   * @param what is waited for
   * @throws FailedException when it is of no use to wait on
   */
  void keepHope(String what) {
    installation.check();
    long now = System.nanoTime();
    String reason = installation.waitingFor();
    String because = reason.isEmpty() ? "" : " (" + reason + ")";
    if (!installation.failing()) {
      lastSound = now;
    } else if (now - lastSound > FAILED_FOR_NANOS && now - lastNews > FAILED_FOR_NANOS) {
      throw new FailedException("it cannot go on: " + reason);
    }
    if (now - lastNews > GIVE_UP_AFTER_NANOS) {
      throw new FailedException("nothing came for 10 minutes: still waiting for " + what + because);
    }
    if (now - lastNews > SAY_AFTER_NANOS && now - lastSaid > SAY_AFTER_NANOS) {
      lastSaid = now;
      console.say("still waiting for " + what + because);
    }
  }
}
