package io.fewshot.stream;

import io.fewshot.ops.Health;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What keeps records from being dealt with at all and is no fault of theirs: an encoder that does
 * not load, memory that ran out. Said once each, and in the health of the process until it is over.
 * Safe for use by several threads.
 */
final class SystemFaults {

  private static final Logger LOG = LoggerFactory.getLogger(SystemFaults.class);
  private static final long THROTTLED_NANOS = Duration.ofSeconds(5).toNanos();

  private final String subject;
  private final Map<String, String> byTask = new ConcurrentHashMap<>();
  private volatile long throttledAt;

  /**
   * @param subject what waits, as the first word of a sentence
   */
  SystemFaults(String subject) {
    this.subject = subject;
  }

  void noted(String task, String reason) {
    if (!reason.equals(byTask.put(task, reason))) {
      // Each start has a moment in which an encoder loads: no fault that anybody should look at.
      LOG.atLevel(reason.endsWith("still loading") ? Level.INFO : Level.WARN)
          .log("{} of task {} wait: {}", subject, task, reason);
    }
  }

  void over(String task) {
    if (byTask.remove(task) != null) {
      LOG.info("{} of task {} go on", subject, task);
    }
  }

  /** The buffers are full of messages that wait for something. */
  void throttled() {
    long now = System.nanoTime();
    if (throttledAt == 0 || now - throttledAt > THROTTLED_NANOS) {
      LOG.warn("{} that wait fill the buffers: reading is slowed down", subject);
    }
    throttledAt = now;
  }

  Health.Status status() {
    String reasons =
        new TreeMap<>(byTask)
            .entrySet().stream()
                .map(entry -> "task " + entry.getKey() + ": " + entry.getValue())
                .collect(Collectors.joining("; "));
    if (!reasons.isEmpty()) {
      return Health.Status.failed(reasons);
    }
    boolean throttled = throttledAt != 0 && System.nanoTime() - throttledAt < THROTTLED_NANOS;
    return throttled
        ? Health.Status.failed(subject + " that wait fill the buffers")
        : Health.Status.READY;
  }
}
