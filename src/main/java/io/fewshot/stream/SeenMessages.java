package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.SeenMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.jspecify.annotations.Nullable;

/**
 * What was answered in the last seven days, by query_id; an id may have been asked more than once,
 * and in more than one task.
 *
 * <p>The store is cut into windows of time, so that what is too old goes as a whole segment without
 * being looked at. Its clock is this machine's and not the records': one producer with a wrong
 * clock would make it forget everything at once.
 */
final class SeenMessages {

  private static final Duration WINDOW = Duration.ofMillis(1);

  private final WindowStore<String, SeenMessage> store;

  SeenMessages(WindowStore<String, SeenMessage> store) {
    this.store = store;
  }

  static StoreBuilder<WindowStore<String, SeenMessage>> store(String name) {
    return Stores.windowStoreBuilder(
            Stores.persistentWindowStore(name, Topics.SEEN, WINDOW, false),
            Serdes.String(),
            InternalSerde.seenMessage())
        .withLoggingEnabled(Map.of("max.message.bytes", Integer.toString(Topics.TEXT_BYTES)))
        .withCachingDisabled();
  }

  void remember(SeenMessage message, long now) {
    long time = now;
    for (SeenMessage there = store.fetch(message.getQueryId(), time);
        there != null && !there.getTask().equals(message.getTask());
        there = store.fetch(message.getQueryId(), time)) {
      time++;
    }
    store.put(message.getQueryId(), message, time);
  }

  /**
   * The message that was answered last under this id.
   *
   * @param task only one of this task; null for any
   */
  Optional<SeenMessage> find(String queryId, @Nullable String task, long now) {
    try (WindowStoreIterator<SeenMessage> latestFirst =
        store.backwardFetch(queryId, now - Topics.SEEN.toMillis(), Long.MAX_VALUE)) {
      while (latestFirst.hasNext()) {
        SeenMessage message = latestFirst.next().value;
        if (task == null || task.equals(message.getTask())) {
          return Optional.of(message);
        }
      }
    }
    return Optional.empty();
  }

  /** Whether there was something to forget. */
  boolean forget(String queryId) {
    List<Long> times = new ArrayList<>();
    try (WindowStoreIterator<SeenMessage> all = store.fetch(queryId, 0, Long.MAX_VALUE)) {
      all.forEachRemaining(entry -> times.add(entry.key));
    }
    times.forEach(time -> store.put(queryId, null, time));
    return !times.isEmpty();
  }
}
