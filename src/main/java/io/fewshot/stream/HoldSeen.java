package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.SeenMessage;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what was answered, and tells {@link ApplyCorrections} by a record without a value that
 * the message of this key is known now.
 */
final class HoldSeen implements Processor<byte[], byte[], byte[], byte[]> {

  /** The store has the query_id twice, and its changelog must take it. */
  private static final int MAX_BYTES = Topics.TEXT_BYTES / 2;

  private final Deserializer<SeenMessage> deserializer = InternalSerde.seenMessage().deserializer();
  private ProcessorContext<byte[], byte[]> context;
  private SeenMessages seen;
  private CorrectedMessages corrected;

  private final StreamMeters meters;

  @SuppressWarnings("NullAway.Init")
  HoldSeen(StreamMeters meters) {
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.seen = new SeenMessages(context.getStateStore(LearningTopology.SEEN_MESSAGES));
    this.corrected =
        new CorrectedMessages(context.getStateStore(LearningTopology.CORRECTED_MESSAGES));
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    if (record.key() == null || record.value() == null) {
      passOver("it has no key or no value");
    } else if (record.key().length + record.value().length > MAX_BYTES) {
      passOver("it is larger than any that was answered");
    } else {
      remember(record);
    }
  }

  private void remember(Record<byte[], byte[]> record) {
    try {
      SeenMessage message = deserializer.deserialize("", record.value());
      if (corrected.isForgotten(message.getQueryId(), message.getTimestamp())) {
        return;
      }
      seen.remember(message, context.currentSystemTimeMs());
    } catch (KafkaException e) {
      throw e;
    } catch (RuntimeException e) {
      // Anybody may write here: one record must not stop the partition.
      passOver(e.getMessage());
      return;
    }
    context.forward(record.withValue((byte[]) null), LearningTopology.APPLY);
  }

  private void passOver(@Nullable String why) {
    meters.unreadable(StreamMeters.SEEN, String.valueOf(why));
  }
}
