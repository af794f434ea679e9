package io.fewshot.stream;

import io.fewshot.ops.Health;
import io.fewshot.training.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes which tasks have a definition in the public topic, by the keys alone: whether it can be
 * used is for the learning application to judge, and until it has, messages for the task wait.
 *
 * <p>A consumer of its own rather than a global store, which would die of a record that a producer
 * gave a timestamp of -1. Owns its thread from {@link #start} until it is closed.
 */
final class TaskAnnouncements implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TaskAnnouncements.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Connection connection;
  private final TaskCatalogue tasks;
  private final Health.Component health;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread = new Thread(this::keepFollowing, "fewshot-tasks");

  TaskAnnouncements(Connection connection, TaskCatalogue tasks, Health.Component health) {
    this.connection = connection;
    this.tasks = tasks;
    this.health = health;
    tasks.awaitAnnouncements();
    thread.setDaemon(true);
  }

  /** Starts to follow; the topic must be there. */
  void start() {
    thread.start();
  }

  private void keepFollowing() {
    while (closing.getCount() > 0) {
      try {
        follow();
      } catch (org.apache.kafka.common.errors.InterruptException e) {
        return;
      } catch (RuntimeException | Error e) {
        LOG.warn("The task definitions are read again in a moment: {}", e.toString());
        health.failed("the task definitions cannot be read: " + e.getMessage());
        pause();
      }
    }
  }

  private void follow() {
    try (KafkaConsumer<String, byte[]> consumer = connection.consumer()) {
      String topic = connection.topics().tasks().name();
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (closing.getCount() > 0) {
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

  private void pause() {
    try {
      closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      closing.countDown();
    }
  }

  @Override
  public void close() {
    closing.countDown();
    try {
      if (thread.getState() != Thread.State.NEW) {
        thread.join(TimeUnit.SECONDS.toMillis(5));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
