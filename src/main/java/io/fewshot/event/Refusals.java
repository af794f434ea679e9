package io.fewshot.event;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The schema ids that the registry had nothing to say about a moment ago. Forgotten soon, since an
 * id may be given to a schema at any time and its records must not be refused for long; bounded,
 * since poison may name any id. Safe for use by several threads.
 */
final class Refusals {

  static final Duration KEPT = Duration.ofSeconds(1);
  static final int MOST = 1000;

  private final InstantSource clock;

  // In the order in which they were noted, and so in that in which they are forgotten.
  private final Map<Integer, Refusal> refusals = new LinkedHashMap<>();

  private record Refusal(RecordException why, Instant until) {}

  Refusals(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * Asks whether an id is known to be good for nothing.
   *
   * @throws UnknownSchemaException when there was no schema
   * @throws UndecodableException when it was none that can be read
   */
  synchronized void check(int id) {
    Refusal refusal = refusals.get(id);
    if (refusal == null) {
      return;
    }
    if (!clock.instant().isBefore(refusal.until())) {
      refusals.remove(id);
      return;
    }
    throw refusal.why() instanceof UndecodableException
        ? new UndecodableException(message(refusal))
        : new UnknownSchemaException(message(refusal));
  }

  private static String message(Refusal refusal) {
    return String.valueOf(refusal.why().getMessage());
  }

  synchronized void note(int id, RecordException why) {
    refusals.remove(id);
    if (refusals.size() == MOST) {
      refusals.remove(refusals.keySet().iterator().next());
    }
    refusals.put(id, new Refusal(why, clock.instant().plus(KEPT)));
  }
}
