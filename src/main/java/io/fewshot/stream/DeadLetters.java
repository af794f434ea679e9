package io.fewshot.stream;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Makes dead letters: the original bytes and headers, with where they lay and why they could not be
 * processed. The headers that start with `__streams.errors` are those of Kafka Streams' own dead
 * letter queue (KIP-1034), so that tools made for it understand ours.
 */
final class DeadLetters {

  /** Why a record could not be processed. */
  enum Reason {
    UNDECODABLE,
    UNKNOWN_SCHEMA,
    UNKNOWN_TASK,
    EMPTY_TEXT,
    UNKNOWN_QUERY,
    UNKNOWN_LABEL,
    INVALID_TASK,
    INFERENCE_FAILED
  }

  static final String STAGE = "fewshot.stage";
  static final String REASON = "fewshot.reason";
  private static final String ERRORS = "__streams.errors.";

  /** Enough to find the place; the whole of a deep trace would be larger than most messages. */
  private static final int MAX_TRACE = 8_000;

  private DeadLetters() {}

  /** What is wrong with a record, when that is not an exception of its own. */
  static final class Refused extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Refused(String message) {
      super(message, null, false, false);
    }
  }

  /**
   * The dead letter for a record.
   *
   * @param stage the processor that gave it up
   */
  static Record<byte[], byte[]> of(RawRecord raw, String stage, Reason reason, Throwable cause) {
    Headers headers = new RecordHeaders(raw.headers().toArray());
    put(headers, ERRORS + "exception", cause.getClass().getName());
    put(headers, ERRORS + "message", Objects.toString(cause.getMessage(), ""));
    put(headers, ERRORS + "stacktrace", trace(cause));
    put(headers, ERRORS + "topic", raw.topic());
    put(headers, ERRORS + "partition", Integer.toString(raw.partition()));
    put(headers, ERRORS + "offset", Long.toString(raw.offset()));
    put(headers, STAGE, stage);
    put(headers, REASON, reason.name());
    return new Record<>(raw.key(), raw.value(), raw.timestamp(), headers);
  }

  static Record<byte[], byte[]> of(RawRecord raw, String stage, Reason reason, String message) {
    return of(raw, stage, reason, new Refused(message));
  }

  private static void put(Headers headers, String name, String value) {
    headers.remove(name);
    headers.add(name, value.getBytes(StandardCharsets.UTF_8));
  }

  private static String trace(Throwable cause) {
    StringWriter trace = new StringWriter();
    cause.printStackTrace(new PrintWriter(trace, true));
    return trace.getBuffer().length() > MAX_TRACE
        ? trace.getBuffer().substring(0, MAX_TRACE)
        : trace.toString();
  }
}
