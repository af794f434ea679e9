package io.fewshot.stream;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The keys whose next message may not be answered yet. Messages without a key hold up nothing. */
final class HeldKeys {

  private final Set<ByteBuffer> keys = new HashSet<>();

  void hold(RawRecord raw) {
    byte @Nullable [] key = raw.key();
    if (key != null) {
      keys.add(ByteBuffer.wrap(key));
    }
  }

  boolean holds(RawRecord raw) {
    byte @Nullable [] key = raw.key();
    return key != null && keys.contains(ByteBuffer.wrap(key));
  }
}
