package io.fewshot.stream;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of one partition that are taken from their topic and not dealt with yet, in the order
 * of their offsets.
 *
 * <p>A plain list would lose them: a record's offset is committed once it has passed through the
 * topology. So each lies in a store with a changelog until it is done, and comes back after a
 * crash. The store is in memory, because under exactly-once a crash wipes local state anyway and a
 * queue in RocksDB scans its tombstones. What was worked out about a record (its decoded form, say)
 * is kept beside it and made again after a restart.
 *
 * <p>Its size is bounded by the process's {@link BufferBudget}, which it only reports to: what to
 * do about a budget that is spent is its owner's matter, since only that knows what can be done
 * now. Adding a record never waits.
 *
 * @param <T> what is known about a record
 */
final class RecordBuffer<T> implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RecordBuffer.class);

  private final KeyValueStore<Long, byte[]> store;
  private final Function<BufferedRecord, T> prepare;
  private final BufferBudget budget;
  private final NavigableMap<Long, Entry<T>> entries = new TreeMap<>();
  private long bytes;

  private record Entry<T>(T item, int bytes) {}

  /** The records that a crash left behind are there at once. */
  RecordBuffer(
      KeyValueStore<Long, byte[]> store, BufferBudget budget, Function<BufferedRecord, T> prepare) {
    this.store = store;
    this.budget = budget;
    this.prepare = prepare;
    List<Long> unreadable = new ArrayList<>();
    try (KeyValueIterator<Long, byte[]> left = store.all()) {
      while (left.hasNext()) {
        KeyValue<Long, byte[]> entry = left.next();
        try {
          note(entry.key, prepare.apply(BufferedRecord.fromBytes(entry.value)), entry.value.length);
        } catch (RuntimeException e) {
          // Ours are readable: somebody else wrote into the changelog, or a newer version did.
          LOG.warn("Passed over what lies buffered at offset {}: {}", entry.key, e.toString());
          unreadable.add(entry.key);
        }
      }
    }
    unreadable.forEach(store::delete);
  }

  /** The store that such a buffer needs; the name is the changelog's too. */
  static StoreBuilder<KeyValueStore<Long, byte[]>> store(String name, int maxMessageBytes) {
    return Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore(name), Serdes.Long(), Serdes.ByteArray())
        .withLoggingEnabled(Map.of("max.message.bytes", Integer.toString(maxMessageBytes)));
  }

  /** Takes a record in, and gives what is now known about it. */
  T add(BufferedRecord record) {
    T item = prepare.apply(record);
    byte[] stored = record.toBytes();
    store.put(record.raw().offset(), stored);
    note(record.raw().offset(), item, stored.length);
    return item;
  }

  private void note(long offset, T item, int size) {
    Entry<T> before = entries.put(offset, new Entry<>(item, size));
    change(before == null ? size : size - before.bytes(), before == null ? 1 : 0);
  }

  void remove(long offset) {
    store.delete(offset);
    Entry<T> entry = entries.remove(offset);
    if (entry != null) {
      change(-entry.bytes(), -1);
    }
  }

  private void change(int size, int records) {
    long all = size + (long) records * BufferBudget.RECORD_BYTES;
    bytes += all;
    budget.add(all);
  }

  boolean contains(long offset) {
    return entries.containsKey(offset);
  }

  int size() {
    return entries.size();
  }

  /** The earliest, at most so many; a copy. */
  List<T> first(int limit) {
    return entries.values().stream().limit(limit).map(Entry::item).toList();
  }

  /**
   * All of them, earliest first; a copy, so that they may be removed while it is walked through.
   */
  Collection<T> inOrder() {
    List<T> items = new ArrayList<>(entries.size());
    entries.values().forEach(entry -> items.add(entry.item()));
    return items;
  }

  /** Gives back what it holds of the budget; the store keeps its records. */
  @Override
  public void close() {
    budget.add(-bytes);
    bytes = 0;
    entries.clear();
  }
}
