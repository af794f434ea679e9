package io.fewshot.stream;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of one partition as they come, and keeps those that the registry is needed for:
 * each waits for its own schema, and those of its key behind it, so that a key's order holds. All
 * others pass. One without a key waits for nobody. Belongs to one stream thread.
 */
final class UnreadRecords {

  private final Predicate<BufferedRecord> reader;

  /** Key to those behind the one that waits for its schema; there while one does. */
  private final Map<ByteBuffer, Deque<BufferedRecord>> behind = new HashMap<>();

  private final Map<Integer, Deque<BufferedRecord>> bySchema = new LinkedHashMap<>();

  /** What a restart left behind is read once records can be forwarded. */
  private final Deque<BufferedRecord> restored;

  /**
   * @param reader deals with a record; false when it cannot be read now
   * @param restored those that a restart left behind, earliest first
   */
  UnreadRecords(Predicate<BufferedRecord> reader, Collection<BufferedRecord> restored) {
    this.reader = reader;
    this.restored = new ArrayDeque<>(restored);
  }

  /** Whether the record is dealt with; otherwise it waits here. */
  boolean read(BufferedRecord record) {
    while (!restored.isEmpty()) {
      readOne(restored.removeFirst());
    }
    return readOne(record);
  }

  private boolean readOne(BufferedRecord record) {
    ByteBuffer key = key(record);
    Deque<BufferedRecord> sameKey = key == null ? null : behind.get(key);
    if (sameKey != null) {
      sameKey.addLast(record);
      return false;
    }
    if (reader.test(record)) {
      return true;
    }
    await(record);
    return false;
  }

  private void await(BufferedRecord record) {
    ByteBuffer key = key(record);
    if (key != null) {
      behind.computeIfAbsent(key, none -> new ArrayDeque<>(2));
    }
    bySchema
        .computeIfAbsent(QueryReader.schemaId(record.raw()), id -> new ArrayDeque<>())
        .addLast(record);
  }

  /**
   * Tries again what waits, asking about each schema once; schemas take turns.
   *
   * @param limit of schemas and of records, so that it stays short
   */
  void readAgain(int limit) {
    int left = limit;
    while (!restored.isEmpty() && left-- > 0) {
      readOne(restored.removeFirst());
    }
    for (Integer id : bySchema.keySet().stream().limit(limit).toList()) {
      Deque<BufferedRecord> waiting = bySchema.remove(id);
      while (waiting != null && left > 0 && !waiting.isEmpty() && reader.test(waiting.getFirst())) {
        left--;
        left -= readBehind(waiting.removeFirst());
      }
      if (waiting != null && !waiting.isEmpty()) {
        // One of those behind may wait for the same schema by now.
        Deque<BufferedRecord> later = bySchema.put(id, waiting);
        if (later != null) {
          waiting.addAll(later);
        }
      }
    }
  }

  /** Reads those behind a record that is dealt with, up to the next that must wait. */
  private int readBehind(BufferedRecord record) {
    ByteBuffer key = key(record);
    Deque<BufferedRecord> sameKey = key == null ? null : behind.get(key);
    int count = 0;
    while (sameKey != null && !sameKey.isEmpty()) {
      BufferedRecord next = sameKey.removeFirst();
      if (!reader.test(next)) {
        await(next);
        return count;
      }
      count++;
    }
    behind.remove(key);
    return count;
  }

  private static @Nullable ByteBuffer key(BufferedRecord record) {
    byte @Nullable [] key = record.raw().key();
    return key == null ? null : ByteBuffer.wrap(key);
  }

  /** Schemas that are waited for. */
  List<Integer> schemas() {
    return List.copyOf(bySchema.keySet());
  }
}
