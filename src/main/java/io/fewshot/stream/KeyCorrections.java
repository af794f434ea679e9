package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.stream.DeadLetters.Reason;
import java.nio.charset.StandardCharsets;
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
 */
final class KeyCorrections implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(KeyCorrections.class);

  private final RecordCodec<Correction> codec;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private ProcessorContext<byte[], byte[]> context;
  private RecordBuffer<BufferedRecord> room;
  private Cancellable tick;

  @SuppressWarnings("NullAway.Init")
  KeyCorrections(Codecs codecs, StreamSettings settings, StreamMeters meters) {
    this.codec = codecs.codec(Correction.class);
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.room =
        new RecordBuffer<>(
            context.getStateStore(LearningTopology.WAITING_CORRECTIONS),
            BufferBudget.ofHeap(),
            waiting -> waiting);
    this.tick =
        context.schedule(
            settings.drainEvery(), PunctuationType.WALL_CLOCK_TIME, now -> passWaiting());
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    BufferedRecord arrived =
        new BufferedRecord(RawRecord.of(record, context), context.currentSystemTimeMs());
    if (room.size() == 0 && passes(arrived)) {
      context.commit();
    } else {
      room.add(arrived);
    }
  }

  @Override
  public void close() {
    tick.cancel();
  }

  /** In order, and no further than the first that the registry is needed for while it is away. */
  private void passWaiting() {
    boolean any = false;
    for (BufferedRecord waiting : room.inOrder()) {
      if (!passes(waiting)) {
        break;
      }
      room.remove(waiting.raw().offset());
      any = true;
    }
    if (any) {
      context.commit();
    }
  }

  /** Whether the record is dealt with: sent on or given up. */
  private boolean passes(BufferedRecord waiting) {
    RawRecord raw = waiting.raw();
    try {
      byte @Nullable [] queryId = queryId(raw);
      if (queryId == null) {
        giveUp(raw, Reason.UNDECODABLE, new DeadLetters.Refused("neither key nor value"));
      } else {
        context.forward(
            new Record<>(queryId, waiting.toBytes(), raw.timestamp(), new RecordHeaders()),
            LearningTopology.TO_CORRECTIONS_BY_QUERY);
      }
      return true;
    } catch (RegistryUnavailableException e) {
      return false;
    } catch (RecordException e) {
      giveUp(raw, QueryReader.reason(e), e);
      return true;
    }
  }

  private byte @Nullable [] queryId(RawRecord raw) {
    return raw.value() == null
        ? raw.key()
        : codec
            .decode(raw.topic(), raw.headers(), raw.value())
            .getQueryId()
            .getBytes(StandardCharsets.UTF_8);
  }

  private void giveUp(RawRecord raw, Reason reason, Throwable cause) {
    LOG.warn("Correction refused: {}", cause.getMessage());
    meters.deadLetter(reason);
    context.forward(
        DeadLetters.of(raw, LearningTopology.KEY_BY_QUERY, reason, cause),
        LearningTopology.DEAD_UNREADABLE);
  }
}
