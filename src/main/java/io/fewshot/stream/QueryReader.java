package io.fewshot.stream;

import io.fewshot.event.Query;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.UnknownSchemaException;
import io.fewshot.stream.DeadLetters.Reason;
import io.fewshot.stream.RecordLimits.TooLargeException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads and validates queries. There are three outcomes, and a deserializer could tell only two: a
 * query, a dead letter, or a registry that is out of reach, for which the record must wait.
 */
final class QueryReader {

  /** What became of a record. */
  sealed interface Outcome {

    record Good(Query query) implements Outcome {}

    record Bad(Reason reason, Throwable cause) implements Outcome {}

    /** The registry is out of reach; to be tried again. */
    record Later() implements Outcome {}
  }

  private static final int NO_SCHEMA = -1;
  private static final int HEADER = 5;

  private final RecordCodec<Query> codec;
  private final RecordLimits limits;

  QueryReader(RecordCodec<Query> codec, RecordLimits limits) {
    this.codec = codec;
    this.limits = limits;
  }

  Outcome read(RawRecord raw) {
    try {
      limits.check(raw);
      byte @Nullable [] value = raw.value();
      return value == null
          ? bad(Reason.UNDECODABLE, "the record has no value")
          : validate(codec.decode(raw.topic(), raw.headers(), value));
    } catch (RegistryUnavailableException e) {
      return new Outcome.Later();
    } catch (RuntimeException e) {
      return new Outcome.Bad(reason(e), e);
    }
  }

  /** The id of the schema that a value names; -1 when it names none. */
  static int schemaId(RawRecord raw) {
    byte @Nullable [] value = raw.value();
    return value == null || value.length < HEADER || value[0] != 0
        ? NO_SCHEMA
        : ByteBuffer.wrap(value).getInt(1);
  }

  /**
   * Which dead letter an exception of reading a record makes. What is of no kind that is known says
   * that the record cannot be read: it must not stop those behind it.
   *
   * @throws RegistryUnavailableException when it is this: the record is to wait
   */
  static Reason reason(RuntimeException e) {
    if (e instanceof RegistryUnavailableException later) {
      throw later;
    }
    if (e instanceof UnknownSchemaException) {
      return Reason.UNKNOWN_SCHEMA;
    }
    return e instanceof TooLargeException ? Reason.TOO_LARGE : Reason.UNDECODABLE;
  }

  private Outcome validate(Query query) {
    limits.checkText(query.getText());
    limits.checkId("query_id", query.getQueryId());
    limits.checkId("task", query.getTask());
    if (query.getQueryId().isBlank()) {
      return bad(Reason.UNDECODABLE, "the query has no query_id: nothing could refer to it");
    }
    if (query.getText().isBlank()) {
      return bad(Reason.EMPTY_TEXT, "the message has no text");
    }
    if (query.getTask().isBlank()) {
      return bad(Reason.UNKNOWN_TASK, "the query names no task");
    }
    return new Outcome.Good(query);
  }

  private static Outcome bad(Reason reason, String message) {
    return new Outcome.Bad(reason, new DeadLetters.Refused(message));
  }
}
