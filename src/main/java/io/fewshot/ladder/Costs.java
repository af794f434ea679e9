package io.fewshot.ladder;

import io.fewshot.prompt.Promise;
import io.fewshot.prompt.Rung;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What a message costs on each rung, measured as it goes. Safe for use by several threads. */
final class Costs {

  private static final double SHARE_OF_LATEST = 0.2;

  private final Map<Key, Double> millis = new ConcurrentHashMap<>();

  private record Key(String task, Rung rung) {}

  void measured(String task, Rung rung, int messages, long nanos) {
    if (messages > 0) {
      double each = nanos / 1e6 / messages;
      millis.merge(new Key(task, rung), each, (old, now) -> old + SHARE_OF_LATEST * (now - old));
    }
  }

  /** Whether the promise allows the rung; one that was never measured is tried. */
  boolean allows(Promise promise, String task, Rung rung) {
    return !(promise instanceof Promise.CostMs cost)
        || millis.getOrDefault(new Key(task, rung), 0.0) <= cost.value();
  }
}
