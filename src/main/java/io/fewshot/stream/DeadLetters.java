package io.fewshot.stream;

import io.fewshot.stream.RecordLimits.TooLargeException;
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
    INVALID_OUTPUT,
    WRONG_KEY,
    INVALID_TASK,
    INFERENCE_FAILED,
    TOO_LARGE,
    MODEL_UNAVAILABLE
  }

  static final String STAGE = "fewshot.stage";
  static final String REASON = "fewshot.reason";

  /** Of a record that was too large, or of its part that was, in bytes. */
  static final String SIZE = "fewshot.size";

  private static final String ERRORS = "__streams.errors.";

  /**
   * In bytes: enough to find the place; the whole of a deep trace would be larger than most
   * messages, and what is added to a record must fit what {@link RecordLimits} leaves of a topic.
   */
  private static final int MAX_TRACE = 8_000;

  /** In bytes: a message may quote what was wrong. */
  private static final int MAX_MESSAGE = 2_000;

  /** Of a record that was too large: a key and headers of this size are kept. */
  private static final int KEPT_BYTES = 4 << 10;

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
    if (cause instanceof TooLargeException tooLarge) {
      return tooLarge(raw, stage, tooLarge);
    }
    Headers headers = new RecordHeaders(raw.headers().toArray());
    describe(headers, raw, stage, reason, cause);
    return new Record<>(raw.key(), raw.value(), raw.timestamp(), headers);
  }

  /** Where it lay and how large it was, without what may be too large to be written anywhere. */
  private static Record<byte[], byte[]> tooLarge(
      RawRecord raw, String stage, TooLargeException cause) {
    Headers headers = new RecordHeaders();
    if (RecordLimits.bytes(raw.headers()) <= KEPT_BYTES) {
      raw.headers().forEach(headers::add);
    }
    describe(headers, raw, stage, Reason.TOO_LARGE, cause);
    put(headers, SIZE, Long.toString(cause.size()));
    byte[] key = raw.key() == null || raw.key().length > KEPT_BYTES ? null : raw.key();
    return new Record<>(key, null, raw.timestamp(), headers);
  }

  private static void describe(
      Headers headers, RawRecord raw, String stage, Reason reason, Throwable cause) {
    put(headers, ERRORS + "exception", cause.getClass().getName());
    put(headers, ERRORS + "message", cut(Objects.toString(cause.getMessage(), ""), MAX_MESSAGE));
    put(headers, ERRORS + "stacktrace", trace(cause));
    put(headers, ERRORS + "topic", raw.topic());
    put(headers, ERRORS + "partition", Integer.toString(raw.partition()));
    put(headers, ERRORS + "offset", Long.toString(raw.offset()));
    put(headers, STAGE, stage);
    put(headers, REASON, reason.name());
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
    return cut(trace.toString(), MAX_TRACE);
  }

  private static String cut(String text, int bytes) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    if (utf8.length <= bytes) {
      return text;
    }
    int end = bytes;
    while ((utf8[end] & 0xC0) == 0x80) {
      end--;
    }
    return new String(utf8, 0, end, StandardCharsets.UTF_8);
  }
}
