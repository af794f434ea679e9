package io.fewshot.stream;

import io.fewshot.event.Query;
import io.fewshot.ladder.Answerer.Attempt;
import org.jspecify.annotations.Nullable;

/** A query that waits for its answer, and what was worked out about it so far. */
final class WaitingQuery {

  private final WaitingRecord record;
  private @Nullable Query query;
  private @Nullable Attempt attempt;
  private long attemptedAt;
  private long notBefore;

  WaitingQuery(WaitingRecord record) {
    this.record = record;
  }

  RawRecord raw() {
    return record.raw();
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

  /** Whether the cheap rungs were asked and did not settle it. */
  boolean climbs() {
    return attempt != null;
  }

  Attempt attempt() {
    if (attempt == null) {
      throw new IllegalStateException("the query was not attempted yet");
    }
    return attempt;
  }

  void attempted(Attempt attempt, long now) {
    this.attempt = attempt;
    this.attemptedAt = now;
  }

  /** Has the query tried anew when its attempt is older, and says whether it was. */
  boolean forgetAttemptBefore(long time) {
    if (attemptedAt < time) {
      attempt = null;
    }
    return attempt == null;
  }

  /** Leaves it alone until then. */
  void waitUntil(long time) {
    notBefore = time;
  }

  boolean mayBeTried(long now) {
    return now >= notBefore;
  }
}
