package io.fewshot.cli;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Hears that examples are gone from the memory of every instance: their tombstones come by in the
 * topic of encoded examples. It listens from when it is made. For one thread.
 */
final class RemovalWatch implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(100);

  private final Console console;
  private final Consumer<byte[], byte[]> consumer;

  RemovalWatch(Console console, Cluster cluster) {
    this.console = console;
    this.consumer = cluster.consumerFromNowOn(cluster.topics().encodedExamples());
  }

  /**
   * Waits until all of these are removed.
   *
   * @throws FailedException when nobody removes them
   */
  void await(Collection<String> keys) {
    Set<String> left = new HashSet<>(keys);
    long start = System.nanoTime();
    try (Steps steps = new Steps(console)) {
      while (!left.isEmpty()) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (record.value() == null) {
            left.remove(TopicReader.key(record));
          }
        }
        long waited = System.nanoTime() - start;
        if (waited > PATIENCE.toNanos()) {
          throw new FailedException(
              "%d of %d were not removed in %d s, and will be once ./fewshot stream runs"
                  .formatted(left.size(), keys.size(), PATIENCE.toSeconds()));
        }
        if (waited > TimeUnit.SECONDS.toNanos(2)) {
          steps.at("waiting for the stream", keys.size() - left.size(), keys.size());
        }
      }
    } catch (InterruptException e) {
      throw new StoppedException();
    }
  }

  @Override
  public void close() {
    Thread.interrupted();
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
  }
}
