package io.fewshot.stream;

import io.fewshot.event.Topics;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * How large the parts of a record may be, in uncompressed bytes. What is written back for a record
 * (the buffer's changelog, the result with its candidates, what was seen with the headers twice)
 * holds more than what came in, under the limits of the topics that it is written to; so what may
 * come in is derived from them.
 *
 * @param record key, value and headers together
 * @param text of a message or an example
 * @param output of a correction or an example
 * @param key of a record
 * @param headers all of a record's, names and values
 * @param id query_id, example_id, task or labeler
 */
record RecordLimits(int record, int text, int output, int key, int headers, int id) {

  private static final int DEFAULT_TEXT = 64 << 10;

  static final int MAX_ID = 512;

  /** The smallest topics that can be worked with; Kafka's default is 1 MiB. */
  static final int MIN_TOPIC = 64 << 10;

  /** Two lengths: empty headers without number have a size too. */
  private static final int HEADER_BYTES = 8;

  /** A slash, and the prefix of the id of an example that a correction made. */
  private static final int IDS_BYTES = 64;

  static final int MAX_RECORD = 1 << 20;
  private static final int MAX_HEADERS = 64 << 10;
  private static final int MAX_KEY = 16 << 10;

  /** A part of a record that is larger than it may be. */
  static final class TooLargeException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient long size;

    TooLargeException(String part, long size, int limit) {
      super("%s has %d bytes, the limit is %d".formatted(part, size, limit), null, false, false);
      this.size = size;
    }

    /** Of the part, in bytes. */
    long size() {
      return size;
    }
  }

  static RecordLimits standard() {
    return of(DEFAULT_TEXT, MAX_RECORD);
  }

  /**
   * The limits for topics that take records of this size.
   *
   * @param text what the text's limit is set to, in bytes; lowered when the topics do not hold it
   * @param topic the smallest {@code max.message.bytes} of what is written to
   */
  static RecordLimits of(int text, int topic) {
    // The changelogs of the buffers take no more, whatever the topics do.
    int largest = Math.min(topic, Topics.TEXT_BYTES);
    int texts = Math.min(text, largest / 6);
    // An example's key is a task and an id.
    int key = Math.min(MAX_KEY, Math.max(largest / 64, 2 * MAX_ID + IDS_BYTES));
    int headers = Math.min(MAX_HEADERS, largest / 16);
    // A correction may bring a text beside its output, and an example always does.
    int full = 2 * texts + key + headers + 8 * MAX_ID;
    return new RecordLimits(
        Math.min(Math.max(MAX_RECORD, full), largest / 4 * 3), texts, texts, key, headers, MAX_ID);
  }

  /**
   * Checks what can be seen before a record is decoded.
   *
   * @throws TooLargeException naming the part
   */
  void check(RawRecord raw) {
    long keyBytes = length(raw.key());
    long headerBytes = bytes(raw.headers());
    long all = keyBytes + headerBytes + length(raw.value());
    require("the record", all, record);
    require("the key", keyBytes, key);
    require("the headers", headerBytes, headers);
  }

  void checkText(String text) {
    check("the text", text, this.text);
  }

  void checkOutput(String output) {
    check("the output", output, this.output);
  }

  /**
   * @param name which id it is
   */
  void checkId(String name, String id) {
    check("the " + name, id, this.id);
  }

  /** An id that was made of a query_id has its prefix besides. */
  void checkExampleId(String exampleId) {
    check("the example_id", exampleId, this.id + IDS_BYTES);
  }

  private static void check(String part, String text, int limit) {
    // A character has at most three bytes: most texts need not be counted.
    if (text.length() > limit / 3) {
      require(part, utf8(text), limit);
    }
  }

  private static void require(String part, long size, int limit) {
    if (size > limit) {
      throw new TooLargeException(part, size, limit);
    }
  }

  static int bytes(Headers headers) {
    int bytes = 0;
    for (Header header : headers) {
      bytes += HEADER_BYTES + utf8(header.key()) + length(header.value());
    }
    return bytes;
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static int length(byte @Nullable [] bytes) {
    return bytes == null ? 0 : bytes.length;
  }
}
