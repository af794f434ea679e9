package io.fewshot.ops;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import java.util.Set;

/**
 * Which of Kafka's own meters are kept. Its clients have some four hundred, most of them for each
 * partition, node and store: thousands of series a process, of which few are ever looked at.
 */
final class KafkaMeters implements MeterFilter {

  private static final String KAFKA = "kafka.";
  private static final String CONSUMER = KAFKA + "consumer.";
  private static final String PRODUCER = KAFKA + "producer.";
  private static final String STREAM = KAFKA + "stream.";

  private static final Set<String> KEPT =
      Set.of(
          CONSUMER + "fetch.manager.records.lag",
          CONSUMER + "coordinator.assigned.partitions",
          CONSUMER + "coordinator.rebalance.total",
          CONSUMER + "coordinator.failed.rebalance.total",
          CONSUMER + "last.poll.seconds.ago",
          PRODUCER + "record.send.total",
          PRODUCER + "record.retry.total",
          PRODUCER + "record.error.total",
          PRODUCER + "txn.commit.time.ns.total",
          STREAM + "client.state",
          STREAM + "alive.stream.threads",
          STREAM + "failed.stream.threads",
          STREAM + "thread.process.total",
          STREAM + "thread.process.latency.avg",
          STREAM + "thread.process.latency.max",
          STREAM + "thread.process.ratio",
          STREAM + "thread.punctuate.ratio",
          STREAM + "thread.commit.total",
          STREAM + "thread.commit.latency.avg",
          STREAM + "thread.commit.latency.max",
          STREAM + "thread.commit.ratio",
          STREAM + "thread.poll.ratio",
          STREAM + "task.dropped.records.total",
          STREAM + "task.restore.remaining.records.total",
          STREAM + "state.updater.active.restoring.tasks",
          STREAM + "state.estimate.num.keys",
          STREAM + "state.total.sst.files.size",
          STREAM + "state.size.all.mem.tables",
          STREAM + "state.background.errors");

  @Override
  public MeterFilterReply accept(Meter.Id id) {
    return id.getName().startsWith(KAFKA) && !KEPT.contains(id.getName())
        ? MeterFilterReply.DENY
        : MeterFilterReply.NEUTRAL;
  }
}
