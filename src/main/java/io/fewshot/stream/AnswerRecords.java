package io.fewshot.stream;

import io.fewshot.event.Candidate;
import io.fewshot.event.Codecs;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Query;
import io.fewshot.event.Reason;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.SeenHeader;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.ladder.Answer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Makes the records that an answer gives: its result, a request to people when it is not good
 * enough or drawn for an audit, and what was seen, so that a later correction finds its message.
 */
final class AnswerRecords {

  /** Of all candidates but the first: outputs may be as long as texts. */
  private static final int MAX_CANDIDATES_CHARACTERS = 32 << 10;

  private static final int MAX_PROMPT_BYTES = 256 << 10;

  private final String resultsTopic;
  private final String labelingTopic;
  private final String seenTopic;
  private final RecordCodec<Result> results;
  private final RecordCodec<LabelingRequest> labeling;
  private final Serializer<SeenMessage> seen;

  AnswerRecords(Topics topics, Codecs codecs) {
    this.resultsTopic = topics.results().name();
    this.labelingTopic = topics.labeling().name();
    this.seenTopic = topics.seen().name();
    this.results = codecs.codec(Result.class);
    this.labeling = codecs.codec(LabelingRequest.class);
    this.seen = InternalSerde.seenMessage().serializer();
  }

  /**
   * Makes the records, each with the query's headers.
   *
   * @param now milliseconds since the epoch
   * @throws io.fewshot.event.RecordException when one cannot be written, or not now
   */
  RoutedAnswer of(AnsweredQuery answered, long now) {
    Result result = result(answered, now);
    byte[] encoded = results.encode(resultsTopic, result);
    RawRecord raw = answered.raw();
    if (isDryRun(answered.query())) {
      Record<byte[], byte[]> shown = new Record<>(raw.key(), encoded, now, withPrompt(answered));
      return new RoutedAnswer(result, true, shown, Optional.empty(), Optional.empty());
    }
    byte[] queryId = answered.query().getQueryId().getBytes(StandardCharsets.UTF_8);
    // Not with the query's time, which may be long ago: the broker would drop it before it is read.
    return new RoutedAnswer(
        result,
        false,
        new Record<>(raw.key(), encoded, now, raw.headers()),
        labelingRequest(answered, now)
            .map(request -> labeling.encode(labelingTopic, request))
            .map(value -> new Record<>(queryId, value, now, raw.headers())),
        Optional.of(
            new Record<>(
                queryId, seen.serialize(seenTopic, seenMessage(answered)), now, raw.headers())));
  }

  /** Who tries a message wants to see what the model was asked. */
  private static Headers withPrompt(AnsweredQuery answered) {
    Headers headers = new RecordHeaders(answered.raw().headers());
    // A result has no attributes, and who counts results must be able to leave this one out.
    headers.remove(Topics.DRY_RUN);
    headers.add(Topics.DRY_RUN, "true".getBytes(StandardCharsets.UTF_8));
    Supplier<String> prompt = answered.answer().prompt();
    if (prompt != null) {
      byte[] shown = prompt.get().getBytes(StandardCharsets.UTF_8);
      headers.add(
          Topics.PROMPT_HEADER, Arrays.copyOf(shown, Math.min(shown.length, MAX_PROMPT_BYTES)));
    }
    return headers;
  }

  private static boolean isDryRun(Query query) {
    return "true".equals(query.getAttributes().get(Topics.DRY_RUN));
  }

  private static Result result(AnsweredQuery answered, long now) {
    Answer answer = answered.answer();
    return Result.newBuilder()
        .setQueryId(answered.query().getQueryId())
        .setTask(answered.query().getTask())
        .setStatus(answer.accepted() ? Status.ACCEPTED : Status.NEEDS_REVIEW)
        .setOutput(answer.output())
        .setConfidence(answer.confidence())
        .setCandidates(candidates(answer))
        .setRung(answer.rung().label())
        .setExampleIds(answer.exampleIds())
        .setModelVersion(answer.modelVersion())
        .setPromptTokens(answer.promptTokens())
        .setTruncated(answer.truncated())
        .setLatencyMs(Math.max(0, now - answered.raw().timestamp()))
        .setCreatedAt(Instant.ofEpochMilli(now))
        .build();
  }

  private static List<Candidate> candidates(Answer answer) {
    List<Candidate> candidates = new ArrayList<>();
    long characters = 0;
    for (Answer.Option option : answer.candidates()) {
      characters += option.output().length();
      if (!candidates.isEmpty() && characters > MAX_CANDIDATES_CHARACTERS) {
        break;
      }
      candidates.add(new Candidate(option.output(), option.probability()));
    }
    return candidates;
  }

  private static Optional<LabelingRequest> labelingRequest(AnsweredQuery answered, long now) {
    Answer answer = answered.answer();
    double audit = answered.task().audit();
    if (answer.accepted() && drawnWith(answered) == 0) {
      return Optional.empty();
    }
    return Optional.of(
        LabelingRequest.newBuilder()
            .setQueryId(answered.query().getQueryId())
            .setTask(answered.query().getTask())
            .setText(answered.query().getText())
            .setCandidates(candidates(answer))
            .setConfidence(answer.confidence())
            .setReason(reason(answer))
            .setPropensity(answer.accepted() ? audit : 1)
            .setExampleIds(answer.exampleIds())
            .setCreatedAt(Instant.ofEpochMilli(now))
            .build());
  }

  /** The probability with which it was drawn for an audit; 0 when it was not drawn. */
  private static double drawnWith(AnsweredQuery answered) {
    double audit = answered.task().audit();
    return Audit.draws(answered.raw(), audit) ? audit : 0;
  }

  private static Reason reason(Answer answer) {
    if (answer.accepted()) {
      return Reason.AUDIT;
    }
    return answer.novel() ? Reason.NOVEL : Reason.LOW_CONFIDENCE;
  }

  private static SeenMessage seenMessage(AnsweredQuery answered) {
    RawRecord raw = answered.raw();
    List<SeenHeader> headers = new ArrayList<>();
    for (Header header : raw.headers()) {
      headers.add(new SeenHeader(header.key(), buffer(header.value())));
    }
    return SeenMessage.newBuilder()
        .setQueryId(answered.query().getQueryId())
        .setTask(answered.query().getTask())
        .setText(answered.query().getText())
        .setKey(buffer(raw.key()))
        .setHeaders(headers)
        .setAudit(drawnWith(answered))
        .setOutput(answered.answer().output())
        .setConfidence(answered.answer().novel() ? 0 : answered.answer().confidence())
        .setTimestamp(Instant.ofEpochMilli(raw.timestamp()))
        .build();
  }

  private static @Nullable ByteBuffer buffer(byte @Nullable [] bytes) {
    return bytes == null ? null : ByteBuffer.wrap(bytes);
  }
}
