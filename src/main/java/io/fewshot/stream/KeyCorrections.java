package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.stream.DeadLetters.Reason;
import io.fewshot.stream.RecordLimits.TooLargeException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends each correction to the partition of its message: any producer may write corrections, with
 * whatever key and partitioner its client has by default. The whole record goes on, with its
 * position, so that a later dead letter is of what the producer wrote. A record without a value
 * asks to forget the message that its key names.
 *
 * <p>While its schema is not known a correction waits, and those of its record's key behind it.
 */
final class KeyCorrections implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(KeyCorrections.class);

  /** Records that are tried again in one tick, so that it stays short. */
  private static final int MAX_AT_ONCE = 500;

  /** When the memory for buffers is spent, the source is slowed down. */
  private static final long THROTTLE_NANOS = 20_000_000;

  private final RecordCodec<Correction> codec;
  private final LearningParts parts;
  private final RecordLimits limits;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private ProcessorContext<byte[], byte[]> context;
  private RecordBuffer<BufferedRecord> buffer;
  private UnreadRecords unread;
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
    this.buffer =
        new RecordBuffer<>(
            context.getStateStore(LearningTopology.WAITING_CORRECTIONS),
            parts.corrections(),
            waiting -> waiting);
    this.unread = new UnreadRecords(this::read, buffer.inOrder());
    this.tick =
        context.schedule(
            settings.drainEvery(),
            PunctuationType.WALL_CLOCK_TIME,
            now -> unread.readAgain(MAX_AT_ONCE));
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RawRecord raw = RawRecord.of(record, context);
    try {
      limits.check(raw);
    } catch (TooLargeException e) {
      giveUp(raw, Reason.TOO_LARGE, e);
      return;
    }
    BufferedRecord arrived = new BufferedRecord(raw, context.currentSystemTimeMs());
    if (unread.read(arrived)) {
      return;
    }
    buffer.add(arrived);
    if (parts.corrections().isSpent()) {
      parts.faults().throttled();
      LockSupport.parkNanos(THROTTLE_NANOS);
    }
  }

  @Override
  public void close() {
    tick.cancel();
    buffer.close();
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
    done(raw);
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
    LOG.warn("Correction refused: {}", cause.getMessage());
    meters.deadLetter(reason);
    context.forward(
        DeadLetters.of(raw, LearningTopology.KEY_BY_QUERY, reason, cause),
        LearningTopology.DEAD_UNREADABLE);
    done(raw);
  }

  private void done(RawRecord raw) {
    if (buffer.contains(raw.offset())) {
      buffer.remove(raw.offset());
    }
    context.commit();
  }
}
