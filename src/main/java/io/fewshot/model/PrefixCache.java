package io.fewshot.model;

import io.fewshot.model.Decoder.Past;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Keys and values of prompt fronts that many prompts share, the least recently used ones dropped
 * beyond a number of bytes. For one thread at a time, callers lock it; owns what it holds.
 */
final class PrefixCache implements AutoCloseable {

  private final long maxBytes;
  private final Map<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  private record Entry(Past past, long bytes) {}

  @SuppressWarnings("ArrayRecordComponent")
  private record Key(int[] tokens) {

    @Override
    public boolean equals(Object other) {
      return other instanceof Key key && Arrays.equals(tokens, key.tokens);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(tokens);
    }
  }

  PrefixCache(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * The keys and values of {@code tokens}, computed when they are not there. They stay valid until
   * the next {@link #trim}.
   */
  Past get(int[] tokens, long bytesOfTokens, Function<int[], Past> compute) {
    Entry entry =
        entries.computeIfAbsent(
            new Key(tokens),
            key -> {
              bytes += bytesOfTokens;
              return new Entry(compute.apply(key.tokens), bytesOfTokens);
            });
    return entry.past;
  }

  /** Drops what exceeds the bound. */
  void trim() {
    Iterator<Entry> oldest = entries.values().iterator();
    while (bytes > maxBytes && oldest.hasNext()) {
      Entry entry = oldest.next();
      oldest.remove();
      bytes -= entry.bytes;
      entry.past.close();
    }
  }

  int size() {
    return entries.size();
  }

  @Override
  public void close() {
    entries.values().forEach(entry -> entry.past.close());
    entries.clear();
    bytes = 0;
  }
}
