package io.fewshot.model;

import io.fewshot.model.Decoder.Past;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of prompt fronts that many prompts share, the least recently used ones dropped
 * beyond a number of bytes. Safe for use by several threads; owns what it holds.
 */
final class PrefixCache implements AutoCloseable {

  private final long maxBytes;
  private final IntToLongFunction bytesOf;
  private final Function<int[], Past> compute;
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

  /**
   * @param bytesOf what so many tokens take
   * @param compute their keys and values
   */
  PrefixCache(long maxBytes, IntToLongFunction bytesOf, Function<int[], Past> compute) {
    this.maxBytes = maxBytes;
    this.bytesOf = bytesOf;
    this.compute = compute;
  }

  /**
   * The keys and values of so many of a prompt's first tokens, computed when they are not there;
   * null for none. They stay valid until the next {@link #trim}.
   */
  synchronized @Nullable Past front(int[] prompt, int cached) {
    if (cached == 0) {
      return null;
    }
    Entry entry =
        entries.computeIfAbsent(
            new Key(Arrays.copyOf(prompt, cached)),
            key -> {
              long more = bytesOf.applyAsLong(cached);
              bytes += more;
              return new Entry(compute.apply(key.tokens), more);
            });
    return entry.past;
  }

  /** Drops what exceeds the bound. */
  synchronized void trim() {
    Iterator<Entry> oldest = entries.values().iterator();
    while (bytes > maxBytes && oldest.hasNext()) {
      Entry entry = oldest.next();
      oldest.remove();
      bytes -= entry.bytes;
      entry.past.close();
    }
  }

  synchronized int size() {
    return entries.size();
  }

  @Override
  public synchronized void close() {
    entries.values().forEach(entry -> entry.past.close());
    entries.clear();
    bytes = 0;
  }
}
