package io.fewshot.stream;

import java.util.Map;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * What its processor fills (the example memory, say) as a global state store of its own, so that
 * the examples are held once and not a second time in a key-value store beside the index. It is not
 * persistent: at a start it is filled from the topic, which holds the vectors.
 */
final class MemoryStore implements StateStore {

  private final String name;
  private final Runnable opened;
  private final Runnable closed;
  private boolean open;

  private MemoryStore(String name, Runnable opened, Runnable closed) {
    this.name = name;
    this.opened = opened;
    this.closed = closed;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void init(StateStoreContext context, StateStore root) {
    // All is replayed after this, and an example that was removed meanwhile would never leave.
    opened.run();
    // Global stores with a processor are restored through it; the callback is not used.
    context.register(root, (key, value) -> {});
    open = true;
  }

  @Override
  public void close() {
    if (open) {
      closed.run();
    }
    open = false;
  }

  @Override
  public boolean persistent() {
    return false;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  /**
   * Builds the store over a memory that others read.
   *
   * @param opened empties it, unless another keeps it filled
   * @param closed told that it is not filled through this store any more
   */
  record Builder(String name, Runnable opened, Runnable closed)
      implements StoreBuilder<MemoryStore> {

    /**
     * @param clear empties it
     */
    Builder(String name, Runnable clear) {
      this(name, clear, () -> {});
    }

    @Override
    public StoreBuilder<MemoryStore> withCachingEnabled() {
      return this;
    }

    @Override
    public StoreBuilder<MemoryStore> withCachingDisabled() {
      return this;
    }

    @Override
    public StoreBuilder<MemoryStore> withLoggingEnabled(Map<String, String> config) {
      throw new IllegalStateException("a global store has its topic for a changelog");
    }

    @Override
    public StoreBuilder<MemoryStore> withLoggingDisabled() {
      return this;
    }

    @Override
    public MemoryStore build() {
      return new MemoryStore(name, opened, closed);
    }

    @Override
    public Map<String, String> logConfig() {
      return Map.of();
    }

    @Override
    public boolean loggingEnabled() {
      return false;
    }
  }
}
