package io.fewshot.stream;

import io.fewshot.event.Query;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.SchemaRejectedException;
import io.fewshot.event.UndecodableException;
import io.fewshot.event.UnknownSchemaException;
import io.fewshot.stream.DeadLetters.Reason;
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

  private final RecordCodec<Query> codec;

  QueryReader(RecordCodec<Query> codec) {
    this.codec = codec;
  }

  Outcome read(RawRecord raw) {
    byte @Nullable [] value = raw.value();
    if (value == null) {
      return bad(Reason.UNDECODABLE, "the record has no value");
    }
    try {
      return validate(codec.decode(raw.topic(), raw.headers(), value));
    } catch (RegistryUnavailableException e) {
      return new Outcome.Later();
    } catch (RecordException e) {
      return new Outcome.Bad(reason(e), e);
    }
  }

  /** Which dead letter an exception of the codec makes. */
  static Reason reason(RecordException e) {
    if (e instanceof UnknownSchemaException) {
      return Reason.UNKNOWN_SCHEMA;
    }
    if (e instanceof UndecodableException || e instanceof SchemaRejectedException) {
      return Reason.UNDECODABLE;
    }
    throw e;
  }

  private static Outcome validate(Query query) {
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
