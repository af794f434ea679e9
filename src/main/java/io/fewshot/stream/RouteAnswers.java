package io.fewshot.stream;

import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/** Sends the records of each answer to results, to labeling and to what was seen. */
final class RouteAnswers implements Processor<byte[], Object, byte[], Object> {

  private final StreamMeters meters;
  private ProcessorContext<byte[], Object> context;

  @SuppressWarnings("NullAway.Init")
  RouteAnswers(StreamMeters meters) {
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], Object> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], Object> record) {
    RoutedAnswer answer = (RoutedAnswer) record.value();
    meters.answered(answer.result(), answer.dryRun());
    forward(answer.resultRecord(), AnsweringTopology.RESULTS);
    answer.request().ifPresent(request -> forward(request, AnsweringTopology.LABELING));
    answer.seen().ifPresent(seen -> forward(seen, AnsweringTopology.SEEN));
  }

  private void forward(Record<byte[], byte[]> record, String sink) {
    context.forward(record.withValue((Object) record.value()), sink);
  }
}
