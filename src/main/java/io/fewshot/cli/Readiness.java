package io.fewshot.cli;

import io.fewshot.ops.Health;
import io.fewshot.ops.Health.State;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/** Says when a service becomes ready and when no longer, and what fails for more than a moment. */
final class Readiness {

  private static final Set<State> FAILURES = EnumSet.of(State.FAILED, State.DEAD);
  private static final int PAUSE_MILLIS = 200;

  private static final long PATIENCE_NANOS = Duration.ofSeconds(3).toNanos();

  private final Health health;
  private final Console console;
  private final boolean json;
  private boolean ready;
  private String reason = "";
  private String said = "";
  private long since;

  Readiness(Health health, Console console, boolean json) {
    this.health = health;
    this.console = console;
    this.json = json;
  }

  /**
   * Until it is told to stop.
   *
   * @throws StoppedException when it is
   */
  void watch() {
    while (true) {
      look(System.nanoTime());
      StoppedException.pause(PAUSE_MILLIS);
    }
  }

  void look(long now) {
    if (health.ready() != ready) {
      ready = !ready;
      if (json) {
        console.result(JsonLines.object().put("ready", ready).toString());
      } else {
        console.say(ready ? "ready" : "not ready: see /readyz");
      }
    }
    String why = health.reasons(FAILURES);
    if (!why.equals(reason)) {
      reason = why;
      since = now;
    }
    if (!why.equals(said) && (why.isEmpty() || now - since >= PATIENCE_NANOS)) {
      said = why;
      if (!why.isEmpty()) {
        console.say("waiting for " + why);
      }
    }
  }
}
