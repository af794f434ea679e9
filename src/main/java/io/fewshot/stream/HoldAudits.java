package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.internal.AuditOutcome;
import io.fewshot.ladder.AuditBook;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;

/** Keeps the book of audits as the topic of their outcomes has it. */
final class HoldAudits implements Processor<String, byte[], Void, Void> {

  private final AuditBook audits;
  private final Deserializer<AuditOutcome> deserializer =
      InternalSerde.auditOutcome().deserializer();

  private final StreamMeters meters;

  HoldAudits(AuditBook audits, StreamMeters meters) {
    this.audits = audits;
    this.meters = meters;
  }

  @Override
  public void process(Record<String, byte[]> record) {
    if (record.key() == null) {
      meters.unreadable(StreamMeters.AUDITS, "it has no key");
      return;
    }
    if (record.value() == null) {
      audits.remove(record.key());
      return;
    }
    try {
      AuditOutcome outcome = deserializer.deserialize("", record.value());
      audits.put(
          record.key(),
          outcome.getTask(),
          new AuditBook.Audited(outcome.getConfidence(), outcome.getRight()));
    } catch (RuntimeException e) {
      // Anybody may write here: what it is must not stop every instance.
      meters.unreadable(StreamMeters.AUDITS, "audit " + record.key() + ": " + e.getMessage());
    }
  }
}
