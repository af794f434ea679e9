package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.internal.CorrectionOutcome;
import io.fewshot.event.internal.Decision;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Makes the records that say what became of a correction, for whoever wrote it and waits to hear.
 * They hold no text and no output of a message. For one thread.
 */
final class CorrectionOutcomes {

  /** A reason quotes a label or an id, and both may be long. */
  private static final int MAX_MESSAGE = 300;

  private final Serializer<CorrectionOutcome> serializer =
      InternalSerde.correctionOutcome().serializer();

  Record<byte[], byte[]> of(
      String queryId, RawRecord raw, Decision decision, String task, long now) {
    return record(queryId, outcome(raw, decision).setTask(task).build(), now);
  }

  Record<byte[], byte[]> refused(
      String queryId, RawRecord raw, DeadLetters.Reason reason, Throwable cause, long now) {
    String message = String.valueOf(cause.getMessage());
    return record(
        queryId,
        outcome(raw, Decision.REFUSED)
            .setReason(reason.name())
            .setMessage(message.substring(0, Math.min(MAX_MESSAGE, message.length())))
            .build(),
        now);
  }

  private static CorrectionOutcome.Builder outcome(RawRecord raw, Decision decision) {
    return CorrectionOutcome.newBuilder()
        .setPartition(raw.partition())
        .setOffset(raw.offset())
        .setDecision(decision);
  }

  private Record<byte[], byte[]> record(String queryId, CorrectionOutcome outcome, long now) {
    return new Record<>(
        queryId.getBytes(StandardCharsets.UTF_8),
        serializer.serialize("", outcome),
        now,
        new RecordHeaders());
  }
}
