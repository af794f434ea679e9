package io.fewshot.stream;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The records of one partition that wait to be dealt with, in the order of their offsets.
 *
 * <p>A plain list would lose them: a record's offset is committed once it has passed through the
 * topology. So each lies in a store with a changelog until it is done, and comes back after a
 * crash. The store is in memory, because under exactly-once a crash wipes local state anyway and a
 * queue in RocksDB scans its tombstones. What was worked out about a record (its decoded form, say)
 * is kept beside it and made again after a restart.
 *
 * @param <T> what is known about a waiting record
 */
final class WaitingRoom<T> {

  /** Beyond this many the room lets the source run slower instead of growing. */
  static final int CAPACITY = 500;

  /** How much slower: well under the poll interval, or the consumer would lose its partitions. */
  private static final long SLOW_DOWN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final int capacity;
  private final KeyValueStore<Long, byte[]> store;
  private final Function<WaitingRecord, T> prepare;
  private final NavigableMap<Long, T> waiting = new TreeMap<>();

  /** The records that a crash left behind are there at once. */
  WaitingRoom(KeyValueStore<Long, byte[]> store, Function<WaitingRecord, T> prepare) {
    this(store, prepare, CAPACITY);
  }

  /**
   * @param capacity how many may wait before the source is slowed down
   */
  WaitingRoom(KeyValueStore<Long, byte[]> store, Function<WaitingRecord, T> prepare, int capacity) {
    this.capacity = capacity;
    this.store = store;
    this.prepare = prepare;
    try (KeyValueIterator<Long, byte[]> left = store.all()) {
      while (left.hasNext()) {
        KeyValue<Long, byte[]> entry = left.next();
        waiting.put(entry.key, prepare.apply(WaitingRecord.fromBytes(entry.value)));
      }
    }
  }

  /** The store that such a room needs; the name is the changelog's too. */
  static StoreBuilder<KeyValueStore<Long, byte[]>> store(String name, int maxMessageBytes) {
    return Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore(name), Serdes.Long(), Serdes.ByteArray())
        .withLoggingEnabled(Map.of("max.message.bytes", Integer.toString(maxMessageBytes)));
  }

  /** Takes a record in, and gives what is now known about it. */
  T enter(WaitingRecord record) {
    T entry = prepare.apply(record);
    store.put(record.raw().offset(), record.toBytes());
    waiting.put(record.raw().offset(), entry);
    if (waiting.size() > capacity) {
      LockSupport.parkNanos(SLOW_DOWN_NANOS);
    }
    return entry;
  }

  void leave(long offset) {
    store.delete(offset);
    waiting.remove(offset);
  }

  boolean holds(long offset) {
    return waiting.containsKey(offset);
  }

  int size() {
    return waiting.size();
  }

  /** The earliest of those that wait, at most so many; a copy. */
  List<T> first(int most) {
    return waiting.values().stream().limit(most).toList();
  }

  /**
   * Those waiting now, earliest first; a copy, so that they may leave while it is walked through.
   */
  Collection<T> inOrder() {
    return new ArrayList<>(waiting.values());
  }
}
