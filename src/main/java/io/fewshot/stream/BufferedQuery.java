package io.fewshot.stream;

import io.fewshot.event.Query;
import io.fewshot.ladder.Answerer.Attempt;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A query that is not answered yet, and what was worked out about it so far. */
final class BufferedQuery {

  private final BufferedRecord record;
  private final @Nullable ByteBuffer key;
  private @Nullable Query query;
  private @Nullable Attempt attempt;
  private long attemptedAt;
  private boolean escalated;
  private boolean placed;
  private boolean done;

  BufferedQuery(BufferedRecord record) {
    this.record = record;
    byte @Nullable [] bytes = record.raw().key();
    this.key = bytes == null ? null : ByteBuffer.wrap(bytes);
  }

  RawRecord raw() {
    return record.raw();
  }

  /** Messages with the same key are answered in order; one without holds up nothing. */
  @Nullable ByteBuffer key() {
    return key;
  }

  /** Milliseconds since the epoch. */
  long arrivedAt() {
    return record.arrivedAt();
  }

  boolean isDecoded() {
    return query != null;
  }

  void decoded(@Nullable Query query) {
    this.query = query;
  }

  Query query() {
    if (query == null) {
      throw new IllegalStateException("the query is not decoded yet");
    }
    return query;
  }

  /** Whether the fast rungs were asked and did not settle it. */
  boolean isEscalated() {
    return escalated;
  }

  void escalate(Attempt tried, long now) {
    escalated = true;
    attempt = tried;
    attemptedAt = now;
  }

  /** What the fast rungs said; null when that was too long ago, or was let go to save memory. */
  @Nullable Attempt attempt(long notBefore) {
    return attemptedAt < notBefore ? null : attempt;
  }

  /** Lets go of what the fast rungs said; they are asked again when its turn comes. */
  void forgetAttempt() {
    attempt = null;
  }

  /** Whether it stands in one of the queues: at most the first of its key does. */
  boolean isPlaced() {
    return placed;
  }

  void placed(boolean now) {
    placed = now;
  }

  boolean isDone() {
    return done;
  }

  void finish() {
    done = true;
  }
}
