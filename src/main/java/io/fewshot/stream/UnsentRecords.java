package io.fewshot.stream;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.ProductionExceptionHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last line against records that are too large for the topic that they are written to: what
 * comes in is limited so that it never happens ({@link RecordLimits}), unless somebody lowers a
 * topic's limit meanwhile. Such a record is left out, and said, rather than stopping its partition
 * at every start; everything else stops and is tried again.
 */
public final class UnsentRecords implements ProductionExceptionHandler {

  private static final Logger LOG = LoggerFactory.getLogger(UnsentRecords.class);

  @Override
  public Response handleError(
      ErrorHandlerContext context, ProducerRecord<byte[], byte[]> record, Exception exception) {
    if (!(exception instanceof RecordTooLargeException)) {
      return Response.fail();
    }
    LOG.error(
        "Left out a record of {} bytes that {} does not take, made of {}-{}@{}: raise its"
            + " max.message.bytes",
        record.value() == null ? 0 : record.value().length,
        record.topic(),
        context.topic(),
        context.partition(),
        context.offset());
    return Response.resume();
  }

  @Override
  public void configure(Map<String, ?> configs) {
    // Nothing can be set.
  }
}
