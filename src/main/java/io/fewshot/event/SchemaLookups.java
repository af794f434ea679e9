package io.fewshot.event;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks schemas up beside the threads that need them, so that a registry that is slow or away never
 * holds up a stream thread: what is not known yet is asked for in the background, and the caller is
 * told to come back. While the registry is away it is asked once in a while only, whatever the
 * number of ids that wait. Safe for use by several threads.
 */
final class SchemaLookups implements AutoCloseable {

  private static final int MAX_QUEUED = 1_000;
  private static final Duration PAUSE = Duration.ofMillis(500);

  /** Who waits asks again many times in this time. */
  private static final Duration ASKED = Duration.ofSeconds(2);

  private static final Duration IDLE = Duration.ofSeconds(10);

  private final SchemaRegistry registry;
  private final InstantSource clock;
  private final Set<Integer> underWay = ConcurrentHashMap.newKeySet();
  private final ThreadPoolExecutor executor;
  private volatile long notBefore;
  private volatile long askedAt;
  private volatile @Nullable String failure;

  SchemaLookups(SchemaRegistry registry, InstantSource clock) {
    this.registry = registry;
    this.clock = clock;
    this.executor =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(MAX_QUEUED),
            work -> {
              Thread thread = new Thread(work, "fewshot-schemas");
              thread.setDaemon(true);
              return thread;
            });
    executor.allowCoreThreadTimeOut(true);
  }

  /**
   * The text of a schema, when it is known; never waits.
   *
   * @throws RegistryUnavailableException when it is being asked for: come back soon
   * @throws UnknownSchemaException when the registry has no such schema
   * @throws UndecodableException when it is not one that can be read
   */
  String schema(int id) {
    String known = registry.known(id);
    if (known != null) {
      return known;
    }
    askedAt = clock.millis();
    if (askedAt >= notBefore && underWay.add(id)) {
      try {
        executor.execute(() -> lookUp(id));
      } catch (RejectedExecutionException e) {
        underWay.remove(id);
      }
    }
    throw RegistryUnavailableException.pending(id, failure);
  }

  /** Why records wait for the registry now; null when none do. */
  @Nullable String failure() {
    return clock.millis() - askedAt > ASKED.toMillis() ? null : failure;
  }

  private void lookUp(int id) {
    try {
      if (clock.millis() >= notBefore) {
        registry.schema(id);
        failure = null;
      }
    } catch (RegistryUnavailableException e) {
      failure = e.getMessage();
      notBefore = clock.millis() + PAUSE.toMillis();
    } catch (RecordException e) {
      // The registry keeps it in mind for a moment, and says it to who asks again.
      failure = null;
    } finally {
      underWay.remove(id);
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
