package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.stream.DeadLetters.Reason;
import io.fewshot.stream.RecordLimits.TooLargeException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Sends each correction to the partition of its message: any producer may write corrections, with
 * whatever key and partitioner its client has by default. The whole record goes on, with its
 * position, so that a later dead letter is of what the producer wrote. A record without a value
 * asks to forget the message that its key names.
 *
 * <p>While its schema is not known a correction waits, and those of its record's key behind it.
 */
final class KeyCorrections implements Processor<byte[], byte[], byte[], byte[]> {

  private final RecordCodec<Correction> codec;
  private final LearningParts parts;
  private final RecordLimits limits;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private final CorrectionOutcomes outcomes = new CorrectionOutcomes();
  private ProcessorContext<byte[], byte[]> context;
  private Intake intake;
  private Cancellable tick;

  @SuppressWarnings("NullAway.Init")
  KeyCorrections(
      Codecs codecs,
      LearningParts parts,
      RecordLimits limits,
      StreamSettings settings,
      StreamMeters meters) {
    this.codec = codecs.codec(Correction.class);
    this.parts = parts;
    this.limits = limits;
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.intake =
        new Intake(
            limits,
            parts.corrections(),
            parts.faults(),
            new RecordBuffer<>(
                context.getStateStore(LearningTopology.WAITING_CORRECTIONS),
                parts.corrections(),
                waiting -> waiting),
            this::read);
    this.tick =
        context.schedule(
            settings.drainEvery(), PunctuationType.WALL_CLOCK_TIME, now -> intake.takeAgain());
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RawRecord raw = RawRecord.of(record, context);
    try {
      intake.take(raw, context.currentSystemTimeMs());
    } catch (TooLargeException e) {
      giveUp(raw, Reason.TOO_LARGE, e);
    }
  }

  @Override
  public void close() {
    tick.cancel();
    intake.close();
  }

  /** Sends a correction on or gives it up; false when its schema is not known yet. */
  private boolean read(BufferedRecord waiting) {
    RawRecord raw = waiting.raw();
    byte[] queryId;
    try {
      queryId = queryId(raw);
    } catch (RegistryUnavailableException e) {
      return false;
    } catch (RuntimeException e) {
      giveUp(raw, QueryReader.reason(e), e);
      return true;
    }
    // With the present time: its own may be so old that the topic does not keep it.
    context.forward(
        new Record<>(
            queryId, waiting.toBytes(), context.currentSystemTimeMs(), new RecordHeaders()),
        LearningTopology.TO_CORRECTIONS_BY_QUERY);
    context.commit();
    return true;
  }

  private byte[] queryId(RawRecord raw) {
    byte @Nullable [] value = raw.value();
    byte @Nullable [] key = raw.key();
    if (value != null) {
      Correction correction = codec.decode(raw.topic(), raw.headers(), value);
      check(limits, correction);
      return correction.getQueryId().getBytes(StandardCharsets.UTF_8);
    }
    if (key == null) {
      throw new DeadLetters.Refused("neither key nor value");
    }
    return key;
  }

  /**
   * Checks the parts of a correction.
   *
   * @throws TooLargeException naming the part
   */
  static void check(RecordLimits limits, Correction correction) {
    limits.checkId("query_id", correction.getQueryId());
    limits.checkId("labeler", correction.getLabeler());
    limits.checkOutput(correction.getOutput());
    if (correction.getTask() != null) {
      limits.checkId("task", correction.getTask());
    }
    if (correction.getText() != null) {
      limits.checkText(correction.getText());
    }
  }

  private void giveUp(RawRecord raw, Reason reason, Throwable cause) {
    meters.deadLetter(raw, reason, cause);
    context.forward(
        DeadLetters.of(raw, LearningTopology.KEY_BY_QUERY, reason, cause),
        LearningTopology.DEAD_UNREADABLE);
    // Its message may not be known: who waits for it knows where it lies.
    context.forward(
        outcomes.refused("", raw, reason, cause, context.currentSystemTimeMs()),
        LearningTopology.REFUSED_OUTCOMES);
    context.commit();
  }
}
