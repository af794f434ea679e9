package io.fewshot.training;

import io.fewshot.event.RetrainRequest;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;

/**
 * A training under way for one partition of the requests. Its producer bears the partition's
 * transactional id: whoever opened it last may publish, and a trainer that lost the partition
 * without noticing can no longer.
 */
record Job(
    TopicPartition partition,
    long offset,
    RetrainRequest request,
    Producer<String, byte[]> producer,
    Future<Outcome> result) {

  void cancel() {
    result.cancel(true);
    producer.close(java.time.Duration.ZERO);
  }
}
