package io.fewshot.stream;

import io.fewshot.stream.QueryReader.Outcome;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Bytes in; queries out to {@link AnsweringTopology#ANSWER}, and what cannot be read to {@link
 * AnsweringTopology#DEAD_LETTERS}. A record whose schema cannot be asked for goes on undecoded and
 * waits there. What cannot be read, or is too large to be written back, never gets further.
 */
final class DecodeQueries implements Processor<byte[], byte[], byte[], Object> {

  private final QueryReader reader;
  private final StreamMeters meters;
  private ProcessorContext<byte[], Object> context;

  @SuppressWarnings("NullAway.Init")
  DecodeQueries(QueryReader reader, StreamMeters meters) {
    this.reader = reader;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], Object> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RawRecord raw = RawRecord.of(record, context);
    Outcome outcome = reader.read(raw);
    if (outcome instanceof Outcome.Bad bad) {
      meters.deadLetter(raw, bad.reason(), bad.cause());
      Record<byte[], byte[]> letter =
          DeadLetters.of(raw, AnsweringTopology.DECODE, bad.reason(), bad.cause());
      context.forward(letter.withValue((Object) letter.value()), AnsweringTopology.DEAD_LETTERS);
    } else {
      var query = outcome instanceof Outcome.Good good ? good.query() : null;
      context.forward(
          record.withValue((Object) new IncomingQuery(raw, query)), AnsweringTopology.ANSWER);
    }
  }
}
