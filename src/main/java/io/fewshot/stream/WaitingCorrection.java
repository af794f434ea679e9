package io.fewshot.stream;

import io.fewshot.event.Correction;
import io.fewshot.event.SaneTime;
import io.fewshot.event.UndecodableException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A correction that is not applied yet, and what was worked out about it so far. */
final class WaitingCorrection {

  final long place;

  /** Milliseconds since the epoch. */
  final long arrivedAt;

  final String queryId;
  final RawRecord raw;

  /** Null until it is read. */
  private @Nullable Correction correction;

  /** Why it can never be read; null when it can. */
  private @Nullable RuntimeException unreadable;

  /** When its task was looked for first; 0 when it was not. */
  private long taskSoughtAt;

  private WaitingCorrection(long place, long arrivedAt, String queryId, RawRecord raw) {
    this.place = place;
    this.arrivedAt = arrivedAt;
    this.queryId = queryId;
    this.raw = raw;
  }

  /**
   * Takes the producer's record out of the one that carried it here.
   *
   * @throws UndecodableException when it carries none
   */
  static WaitingCorrection of(BufferedRecord record) {
    RawRecord carrier = record.raw();
    byte @Nullable [] key = carrier.key();
    byte @Nullable [] value = carrier.value();
    if (key == null || value == null) {
      throw new UndecodableException("a correction came without its query_id");
    }
    RawRecord inner;
    try {
      inner = BufferedRecord.fromBytes(value).raw();
    } catch (RuntimeException e) {
      throw new UndecodableException("no correction is in it: " + e.getMessage(), e);
    }
    RawRecord raw =
        new RawRecord(
            inner.topic(),
            inner.partition(),
            inner.offset(),
            SaneTime.of(inner.timestamp(), record.arrivedAt()),
            inner.key(),
            inner.value(),
            inner.headers());
    return new WaitingCorrection(
        carrier.offset(), record.arrivedAt(), new String(key, StandardCharsets.UTF_8), raw);
  }

  boolean isRead() {
    return correction != null || unreadable != null;
  }

  void read(Correction decoded) {
    correction = decoded;
  }

  void unreadable(RuntimeException cause) {
    unreadable = cause;
  }

  @Nullable Correction correction() {
    return correction;
  }

  @Nullable RuntimeException unreadable() {
    return unreadable;
  }

  /** When its task was looked for first, in milliseconds since the epoch. */
  long taskSoughtAt(long now) {
    if (taskSoughtAt == 0) {
      taskSoughtAt = now;
    }
    return taskSoughtAt;
  }
}
