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
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Sends each answer to results, to people when it is not good enough or drawn for an audit, and to
 * what was seen, so that a later correction finds its message.
 */
final class RouteAnswers implements Processor<byte[], Object, byte[], Object> {

  /** Of all candidates but the first: outputs may be as long as texts. */
  private static final int MAX_CANDIDATES_CHARACTERS = 32 << 10;

  private static final int MAX_PROMPT_BYTES = 256 << 10;

  private final String resultsTopic;
  private final String labelingTopic;
  private final String seenTopic;
  private final RecordCodec<Result> results;
  private final RecordCodec<LabelingRequest> labeling;
  private final Serializer<SeenMessage> seen;
  private final StreamMeters meters;
  private ProcessorContext<byte[], Object> context;

  @SuppressWarnings("NullAway.Init")
  RouteAnswers(Topics topics, Codecs codecs, StreamMeters meters) {
    this.resultsTopic = topics.results().name();
    this.labelingTopic = topics.labeling().name();
    this.seenTopic = topics.seen().name();
    this.results = codecs.codec(Result.class);
    this.labeling = codecs.codec(LabelingRequest.class);
    this.seen = InternalSerde.seenMessage().serializer();
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], Object> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], Object> record) {
    AnsweredQuery answered = (AnsweredQuery) record.value();
    long now = context.currentSystemTimeMs();
    Result result = result(answered, now);
    byte[] encoded = results.encode(resultsTopic, result);
    if (isDryRun(answered.query())) {
      Record<byte[], Object> shown = withPrompt(record, answered);
      meters.answered(result);
      forward(record.key(), encoded, shown, now, AnsweringTopology.RESULTS);
      return;
    }
    // All is made before any of it is sent: who fails here has sent nothing.
    byte[] queryId = answered.query().getQueryId().getBytes(StandardCharsets.UTF_8);
    Optional<byte[]> request =
        labelingRequest(answered, now).map(wanted -> labeling.encode(labelingTopic, wanted));
    byte[] remembered = seen.serialize(seenTopic, seenMessage(answered));
    meters.answered(result);
    forward(record.key(), encoded, record, now, AnsweringTopology.RESULTS);
    request.ifPresent(value -> forward(queryId, value, record, now, AnsweringTopology.LABELING));
    // Not the query's time, which may be long ago: the broker would drop it before it is read.
    forward(queryId, remembered, record, now, AnsweringTopology.SEEN);
  }

  private void forward(
      byte @Nullable [] key, byte[] value, Record<byte[], Object> cause, long time, String sink) {
    context.forward(new Record<>(key, (Object) value, time, cause.headers()), sink);
  }

  /** Who tries a message wants to see what the model was asked. */
  private static Record<byte[], Object> withPrompt(
      Record<byte[], Object> record, AnsweredQuery answered) {
    Supplier<String> prompt = answered.answer().prompt();
    if (prompt == null) {
      return record;
    }
    Headers headers = new RecordHeaders(record.headers());
    byte[] shown = prompt.get().getBytes(StandardCharsets.UTF_8);
    headers.add(
        Topics.PROMPT_HEADER, Arrays.copyOf(shown, Math.min(shown.length, MAX_PROMPT_BYTES)));
    return record.withHeaders(headers);
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
