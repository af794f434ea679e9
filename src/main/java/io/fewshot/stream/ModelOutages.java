package io.fewshot.stream;

import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.ops.Health;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The tasks whose language model cannot be had at the moment, and since when. Known to all
 * partitions of the process, so that none begins to wait anew. Safe for use by several threads.
 */
final class ModelOutages {

  private final Duration wait;
  private final Duration loadingWait;
  private final Map<String, Outage> byTask = new ConcurrentHashMap<>();

  /**
   * @param since milliseconds since the epoch
   * @param failed whether it could not be had at least once, rather than was still loading
   */
  private record Outage(String reason, long since, boolean failed) {}

  /**
   * @param wait how long messages wait for a model that cannot be had
   * @param loadingWait how long for one that is loading
   */
  ModelOutages(Duration wait, Duration loadingWait) {
    this.wait = wait;
    this.loadingWait = loadingWait;
  }

  void unavailable(String task, NotReadyException why, long now) {
    byTask.merge(
        task,
        new Outage(String.valueOf(why.getMessage()), now, !why.isLoading()),
        (old, fresh) -> new Outage(fresh.reason, old.since, old.failed || fresh.failed));
  }

  void available(String task) {
    byTask.remove(task);
  }

  boolean isOut(String task) {
    return byTask.containsKey(task);
  }

  /** Whether a task's messages have waited long enough. */
  boolean isOver(String task, long now) {
    Outage outage = byTask.get(task);
    return outage != null && now - outage.since >= (outage.failed ? wait : loadingWait).toMillis();
  }

  String reason(String task) {
    Outage outage = byTask.get(task);
    return outage == null ? "" : outage.reason;
  }

  /** Each task with its reason; the process does its work for all others, so it is ready. */
  Health.Status status() {
    String reasons =
        new TreeMap<>(byTask)
            .entrySet().stream()
                .map(entry -> "task " + entry.getKey() + ": " + entry.getValue().reason)
                .collect(Collectors.joining("; "));
    return new Health.Status(Health.State.READY, reasons);
  }
}
