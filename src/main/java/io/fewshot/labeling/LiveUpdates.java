package io.fewshot.labeling;

import io.javalin.http.sse.SseClient;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells open pages that something changed (server-sent events): only that, at most four times a
 * second, so that a page asks for what it shows. Owns one thread until {@link #close}.
 */
final class LiveUpdates implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LiveUpdates.class);
  private static final long TICK_MILLIS = 250;
  private static final int HEARTBEAT_TICKS = 60;
  private static final int MOST = 1_000;

  private final Set<SseClient> clients = ConcurrentHashMap.newKeySet();
  private final LongSupplier revision;
  private final ScheduledExecutorService ticker =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "labeling-live");
            thread.setDaemon(true);
            return thread;
          });
  private long told;
  private int ticks;

  LiveUpdates(LongSupplier revision) {
    this.revision = revision;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // It ends with the executor.
  void start() {
    ticker.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  void add(SseClient client) {
    if (clients.size() >= MOST) {
      client.close();
      return;
    }
    client.keepAlive();
    client.onClose(() -> clients.remove(client));
    clients.add(client);
    client.sendEvent("change", Long.toString(revision.getAsLong()));
  }

  int size() {
    return clients.size();
  }

  private void tick() {
    long now = revision.getAsLong();
    boolean beat = ++ticks % HEARTBEAT_TICKS == 0;
    if (now == told && !beat) {
      return;
    }
    for (SseClient client : clients) {
      try {
        if (now != told) {
          client.sendEvent("change", Long.toString(now));
        } else {
          client.sendComment("still here");
        }
      } catch (RuntimeException e) {
        LOG.debug("A page is gone: {}", e.toString());
        clients.remove(client);
      }
    }
    told = now;
  }

  @Override
  public void close() {
    ticker.shutdownNow();
    clients.forEach(SseClient::close);
  }
}
