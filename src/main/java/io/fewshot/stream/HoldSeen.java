package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.RecordException;
import io.fewshot.event.internal.SeenMessage;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers what was answered, and tells {@link ApplyCorrections} by a record without a value that
 * the message of this key is known now.
 */
final class HoldSeen implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(HoldSeen.class);

  private final Deserializer<SeenMessage> deserializer = InternalSerde.seenMessage().deserializer();
  private ProcessorContext<byte[], byte[]> context;
  private SeenMessages seen;
  private CorrectedMessages corrected;

  @SuppressWarnings("NullAway.Init")
  HoldSeen() {}

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
      return;
    }
    try {
      SeenMessage message = deserializer.deserialize("", record.value());
      if (!corrected.isForgotten(message.getQueryId(), message.getTimestamp())) {
        seen.remember(message, context.currentSystemTimeMs());
        context.forward(record.withValue((byte[]) null), LearningTopology.APPLY);
      }
    } catch (RecordException e) {
      LOG.warn("What was answered cannot be read by this version: {}", e.getMessage());
    }
  }
}
