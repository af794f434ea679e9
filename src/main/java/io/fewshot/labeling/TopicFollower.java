package io.fewshot.labeling;

import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Topic;
import io.fewshot.ops.BackgroundThread;
import io.fewshot.ops.Health;
import io.fewshot.ops.Settings;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads topics from the beginning and goes on with what comes, committed records only, without a
 * group. Owns one thread and its consumer from {@link #start} until {@link #close}. What is away
 * (broker, topics, registry) is waited for, and said in the process's health.
 */
final class TopicFollower implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration RETRY = Duration.ofSeconds(1);
  private static final Duration ASK = Duration.ofSeconds(10);
  private static final Duration READ_WITHIN = Duration.ofSeconds(3);
  private static final long NEW_PARTITIONS_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final Settings settings;
  private final List<Topic> topics;
  private final Consumer<ConsumerRecord<byte[], byte[]>> sink;
  private final Health.Component health;
  private final BackgroundThread thread;

  /**
   * Up to where it has read, so that a broken connection goes on where it was. Guarded by itself.
   */
  private final Map<TopicPartition, Long> positions = new HashMap<>();

  private final Map<TopicPartition, Long> ends = new HashMap<>();
  private volatile boolean caughtUp;

  /**
   * @param sink told of each record on the thread of this; may throw {@link
   *     RegistryUnavailableException} to be told again
   */
  TopicFollower(
      Settings settings,
      List<Topic> topics,
      Consumer<ConsumerRecord<byte[], byte[]>> sink,
      Health.Component health) {
    this.settings = settings;
    this.topics = topics;
    this.sink = sink;
    this.health = health;
    this.thread = new BackgroundThread("labeling-follow", health, self -> run(), this::words);
  }

  void start() {
    health.starting("waiting for the broker");
    thread.start();
  }

  /** Whether it has read all that was there when it began. */
  boolean isCaughtUp() {
    return caughtUp;
  }

  /**
   * Waits a moment until records that were written have been read: a person's next look must show
   * what they did. When it takes longer it goes on without.
   */
  void awaitRead(List<RecordMetadata> written) {
    long deadline = System.nanoTime() + READ_WITHIN.toNanos();
    written.forEach(each -> awaitRead(each, deadline));
  }

  private void awaitRead(RecordMetadata written, long deadline) {
    TopicPartition partition = new TopicPartition(written.topic(), written.partition());
    synchronized (positions) {
      while (positions.getOrDefault(partition, 0L) <= written.offset() && isOpen()) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          return;
        }
        try {
          positions.wait(left);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  private void run() {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      follow(consumer);
    }
  }

  private String words(Throwable error) {
    String why = BackgroundThread.Words.STANDARD.of(error);
    return error instanceof KafkaException
        ? "the broker at %s cannot be used: %s".formatted(settings.bootstrapServers(), why)
        : "reading the topics failed: " + why;
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    Map<String, Object> given = settings.consumer();
    given.remove(ConsumerConfig.GROUP_ID_CONFIG);
    given.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    given.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    given.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    given.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    return new KafkaConsumer<>(given, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private void follow(KafkaConsumer<byte[], byte[]> consumer) {
    long lookedAt = Long.MIN_VALUE;
    while (isOpen()) {
      if (lookedAt == Long.MIN_VALUE || System.nanoTime() - lookedAt > NEW_PARTITIONS_NANOS) {
        if (!assign(consumer)) {
          pause();
          continue;
        }
        lookedAt = System.nanoTime();
      }
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (!deliver(record)) {
          return;
        }
      }
      if (!ends.isEmpty() && hasReached(consumer)) {
        ends.clear();
        caughtUp = true;
        health.ready();
      }
    }
  }

  /** Whether all topics are there. */
  private boolean assign(KafkaConsumer<byte[], byte[]> consumer) {
    Set<TopicPartition> all = new HashSet<>();
    Map<String, List<PartitionInfo>> there = consumer.listTopics(ASK);
    for (Topic topic : topics) {
      List<PartitionInfo> partitions = there.get(topic.name());
      if (partitions == null) {
        health.failed("the topic " + topic.name() + " is not there: run ./fewshot topics create");
        return false;
      }
      partitions.forEach(each -> all.add(new TopicPartition(topic.name(), each.partition())));
    }
    if (!consumer.assignment().equals(all)) {
      consumer.assign(all);
      for (TopicPartition partition : all) {
        Long position = position(partition);
        if (position == null) {
          consumer.seekToBeginning(List.of(partition));
        } else {
          consumer.seek(partition, position);
        }
      }
      ends.putAll(consumer.endOffsets(all));
      health.starting("reading the topics");
    }
    return true;
  }

  private @Nullable Long position(TopicPartition partition) {
    synchronized (positions) {
      return positions.get(partition);
    }
  }

  /** The position also moves over what was aborted, so this comes true in the end. */
  private boolean hasReached(KafkaConsumer<byte[], byte[]> consumer) {
    return ends.entrySet().stream()
        .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
  }

  /** Gives the record on, however long the registry is away; false when it is time to close. */
  private boolean deliver(ConsumerRecord<byte[], byte[]> record) {
    boolean waited = false;
    while (isOpen()) {
      try {
        sink.accept(record);
        synchronized (positions) {
          positions.put(
              new TopicPartition(record.topic(), record.partition()), record.offset() + 1);
          positions.notifyAll();
        }
        if (waited && ends.isEmpty()) {
          health.ready();
        }
        return true;
      } catch (RegistryUnavailableException e) {
        health.failed("waiting for the registry: " + e.getMessage());
        waited = true;
        pause();
      }
    }
    return false;
  }

  private boolean isOpen() {
    return thread.isOpen();
  }

  private void pause() {
    thread.pause(RETRY);
  }

  @Override
  public void close() {
    thread.close();
  }
}
