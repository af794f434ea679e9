package io.fewshot.stream;

import io.fewshot.ops.BackgroundThread;
import io.fewshot.ops.Health;
import io.fewshot.training.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/**
 * Notes which tasks have a definition in the public topic, by the keys alone: whether it can be
 * used is for the learning application to judge, and until it has, messages for the task wait.
 *
 * <p>A consumer of its own rather than a global store, which would die of a record that a producer
 * gave a timestamp of -1. Owns its thread from {@link #start} until it is closed.
 */
final class TaskAnnouncements implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(200);

  private final Connection connection;
  private final TaskCatalogue tasks;
  private final Health.Component health;
  private final BackgroundThread thread;

  TaskAnnouncements(Connection connection, TaskCatalogue tasks, Health.Component health) {
    this.connection = connection;
    this.tasks = tasks;
    this.health = health;
    this.thread = new BackgroundThread("fewshot-tasks", health, this::follow);
    tasks.awaitAnnouncements();
  }

  /** Starts to follow; the topic must be there. */
  void start() {
    thread.start();
  }

  private void follow(BackgroundThread self) {
    try (KafkaConsumer<String, byte[]> consumer = connection.consumer()) {
      String topic = connection.topics().tasks().name();
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (self.isOpen()) {
        consumer
            .poll(POLL)
            .forEach(
                record -> {
                  if (record.key() != null) {
                    tasks.announced(record.key(), record.offset());
                  }
                });
        if (ends.entrySet().stream().allMatch(e -> consumer.position(e.getKey()) >= e.getValue())) {
          tasks.announcementsRead();
          health.ready();
        }
      }
    }
  }

  /** Tells it to end, without waiting for it. */
  void stop() {
    thread.stop();
  }

  @Override
  public void close() {
    thread.close();
  }
}
