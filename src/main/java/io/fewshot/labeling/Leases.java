package io.fewshot.labeling;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Who is looking at which message, so that two labelers never get the same one. A lease ends by
 * itself: a browser that is closed keeps nothing back for long. Not safe for use by several
 * threads.
 */
final class Leases {

  static final Duration LENGTH = Duration.ofSeconds(60);

  private final InstantSource clock;
  private final Duration length;
  private final Map<String, Map<String, Instant>> holders = new HashMap<>();
  private final Map<String, Set<String>> held = new HashMap<>();

  Leases(InstantSource clock, Duration length) {
    this.clock = clock;
    this.length = length;
  }

  /** Takes the message, or holds it longer. */
  void take(String queryId, String holder) {
    holders
        .computeIfAbsent(queryId, key -> new HashMap<>())
        .put(holder, clock.instant().plus(length));
    held.computeIfAbsent(holder, key -> new LinkedHashSet<>()).add(queryId);
  }

  /** How many others hold the message now. */
  int heldByOthers(String queryId, String holder) {
    Map<String, Instant> all = holders.get(queryId);
    if (all == null) {
      return 0;
    }
    Instant now = clock.instant();
    for (Iterator<Map.Entry<String, Instant>> each = all.entrySet().iterator(); each.hasNext(); ) {
      Map.Entry<String, Instant> entry = each.next();
      if (!entry.getValue().isAfter(now)) {
        each.remove();
        forget(entry.getKey(), queryId);
      }
    }
    if (all.isEmpty()) {
      holders.remove(queryId);
      return 0;
    }
    return all.size() - (all.containsKey(holder) ? 1 : 0);
  }

  /** What this one holds, expired or not, in the order in which it was taken. */
  Set<String> heldBy(String holder) {
    return Set.copyOf(held.getOrDefault(holder, Set.of()));
  }

  void release(String queryId, String holder) {
    Map<String, Instant> all = holders.get(queryId);
    if (all != null && all.remove(holder) != null && all.isEmpty()) {
      holders.remove(queryId);
    }
    forget(holder, queryId);
  }

  /** Ends all leases of a message that needs nobody any more. */
  void end(String queryId) {
    Map<String, Instant> all = holders.remove(queryId);
    if (all != null) {
      all.keySet().forEach(holder -> forget(holder, queryId));
    }
  }

  private void forget(String holder, String queryId) {
    Set<String> mine = held.get(holder);
    if (mine != null && mine.remove(queryId) && mine.isEmpty()) {
      held.remove(holder);
    }
  }
}
