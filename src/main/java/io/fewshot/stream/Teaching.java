package io.fewshot.stream;

import io.fewshot.event.Candidate;
import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.Result;
import io.fewshot.event.SaneTime;
import io.fewshot.event.Status;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.AuditOutcome;
import io.fewshot.event.internal.SeenHeader;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.prompt.LabelText;
import io.fewshot.prompt.Rung;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/** What an effective correction gives: the example that it teaches and the corrected result. */
final class Teaching {

  private static final String SOURCE = "correction";

  private final String correctionsTopic;
  private final String examplesTopic;
  private final String resultsTopic;
  private final RecordCodec<Correction> corrections;
  private final RecordCodec<Example> examples;
  private final RecordCodec<Result> results;
  private final Serializer<AuditOutcome> audits = InternalSerde.auditOutcome().serializer();

  /**
   * The records to be written, complete.
   *
   * @param audit empty when the message was not drawn for one
   */
  record Lesson(
      Record<byte[], byte[]> example,
      Record<byte[], byte[]> result,
      Optional<Record<byte[], byte[]>> audit) {}

  Teaching(Topics topics, Codecs codecs) {
    this.correctionsTopic = topics.corrections().name();
    this.examplesTopic = topics.examples().name();
    this.resultsTopic = topics.results().name();
    this.corrections = codecs.codec(Correction.class);
    this.examples = codecs.codec(Example.class);
    this.results = codecs.codec(Result.class);
  }

  /**
   * Reads a correction, its output in the one form of a label.
   *
   * @throws io.fewshot.event.RecordException when it cannot be read, or not now
   */
  Correction decode(RawRecord raw, byte[] value) {
    Correction read = corrections.decode(correctionsTopic, raw.headers(), value);
    return Correction.newBuilder(read).setOutput(LabelText.of(read.getOutput())).build();
  }

  /** The correction's own time when it can be true, or its record's. */
  static Instant time(RawRecord raw, Correction correction) {
    return SaneTime.of(correction.getCreatedAt(), raw.timestamp());
  }

  /** What a correction that brings text and task says of its message, for want of the query. */
  static SeenMessage ownMessage(RawRecord raw, Correction correction, String task, String text) {
    List<SeenHeader> headers = new ArrayList<>();
    for (Header header : raw.headers()) {
      headers.add(new SeenHeader(header.key(), buffer(header.value())));
    }
    return SeenMessage.newBuilder()
        .setQueryId(correction.getQueryId())
        .setTask(task)
        .setText(text)
        .setKey(buffer(raw.key()))
        .setHeaders(headers)
        .setTimestamp(Instant.ofEpochMilli(raw.timestamp()))
        .build();
  }

  /**
   * The lesson of a correction.
   *
   * @param message what it is about, its text the one that counts
   * @throws io.fewshot.event.RegistryUnavailableException when it must wait
   */
  Lesson of(RawRecord raw, Correction correction, SeenMessage message, long now) {
    String exampleId = Topics.correctedExampleId(correction.getQueryId());
    Example example =
        Example.newBuilder()
            .setExampleId(exampleId)
            .setTask(message.getTask())
            .setInput(message.getText())
            .setOutput(correction.getOutput())
            .setSource(SOURCE)
            .setLabeler(correction.getLabeler())
            .setCreatedAt(time(raw, correction))
            .build();
    Result result =
        Result.newBuilder()
            .setQueryId(correction.getQueryId())
            .setTask(message.getTask())
            .setStatus(Status.CORRECTED)
            .setOutput(correction.getOutput())
            .setConfidence(1)
            .setCandidates(List.of(new Candidate(correction.getOutput(), 1.0)))
            .setRung(Rung.PEOPLE.label())
            .setExampleIds(List.of(exampleId))
            .setModelVersion("")
            .setPromptTokens(0)
            .setTruncated(false)
            .setLatencyMs(Math.max(0, now - message.getTimestamp().toEpochMilli()))
            .setCreatedAt(Instant.ofEpochMilli(now))
            .build();
    return new Lesson(
        new Record<>(
            exampleKey(message.getTask(), correction.getQueryId()),
            examples.encode(examplesTopic, example),
            now,
            new RecordHeaders()),
        new Record<>(
            bytes(message.getKey()), results.encode(resultsTopic, result), now, headers(message)),
        audit(correction, message, now));
  }

  private Optional<Record<byte[], byte[]>> audit(
      Correction correction, SeenMessage message, long now) {
    if (message.getAudit() <= 0) {
      return Optional.empty();
    }
    String output = message.getOutput();
    AuditOutcome outcome =
        AuditOutcome.newBuilder()
            .setTask(message.getTask())
            .setQueryId(correction.getQueryId())
            .setConfidence(message.getConfidence())
            .setRight(output != null && LabelText.of(output).equals(correction.getOutput()))
            .setPropensity(message.getAudit())
            .setAt(Instant.ofEpochMilli(now))
            .build();
    byte[] key = auditKey(message.getTask(), correction.getQueryId());
    return Optional.of(new Record<>(key, audits.serialize("", outcome), now, new RecordHeaders()));
  }

  /** Takes back what was said about a message that was drawn for an audit, if it was. */
  static Record<byte[], byte[]> auditRemoval(String task, String queryId, long now) {
    return new Record<>(auditKey(task, queryId), null, now, new RecordHeaders());
  }

  private static byte[] auditKey(String task, String queryId) {
    return (task + "/" + queryId).getBytes(StandardCharsets.UTF_8);
  }

  /** Takes back what was taught about a message in one task. */
  static Record<byte[], byte[]> removal(String task, String queryId, long now) {
    return new Record<>(exampleKey(task, queryId), null, now, new RecordHeaders());
  }

  private static byte[] exampleKey(String task, String queryId) {
    return Topics.exampleKey(task, Topics.correctedExampleId(queryId))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static Headers headers(SeenMessage message) {
    Headers headers = new RecordHeaders();
    message.getHeaders().forEach(each -> headers.add(each.getName(), bytes(each.getValue())));
    return headers;
  }

  private static @Nullable ByteBuffer buffer(byte @Nullable [] bytes) {
    return bytes == null ? null : ByteBuffer.wrap(bytes);
  }

  private static byte @Nullable [] bytes(@Nullable ByteBuffer buffer) {
    if (buffer == null) {
      return null;
    }
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
