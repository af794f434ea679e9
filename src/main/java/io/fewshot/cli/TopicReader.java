package io.fewshot.cli;

import io.fewshot.event.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;

/** Reads what was committed to one topic, all partitions of it, from the beginning. */
final class TopicReader implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration STALLED = Duration.ofSeconds(30);

  private final Consumer<byte[], byte[]> consumer;
  private final Map<TopicPartition, Long> ends;

  /** Notes where the topic ends now. */
  TopicReader(Cluster cluster, Topic topic) {
    cluster.require(topic);
    consumer = cluster.consumer();
    try {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic.name()).stream()
              .map(partition -> new TopicPartition(topic.name(), partition.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      ends = consumer.endOffsets(partitions);
    } catch (RuntimeException e) {
      consumer.close();
      throw e;
    }
  }

  /**
   * Reads to where the topic ended when this reader was made.
   *
   * @param each whether to go on after this record
   */
  void readToEnd(Predicate<ConsumerRecord<byte[], byte[]>> each) {
    boolean more = true;
    long position = -1;
    long deadline = 0;
    while (more && !atEnd()) {
      if (position() != position) {
        position = position();
        deadline = System.nanoTime() + STALLED.toNanos();
      } else if (System.nanoTime() > deadline) {
        throw new TimeoutException("nothing more came for " + STALLED.toSeconds() + " s");
      }
      more = poll(record -> record.offset() >= end(record) || each.test(record));
    }
  }

  static String key(ConsumerRecord<byte[], byte[]> record) {
    return record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
  }

  /** The latest record of each key now, without those that were removed. */
  static Map<String, ConsumerRecord<byte[], byte[]>> latest(Cluster cluster, Topic topic) {
    Map<String, ConsumerRecord<byte[], byte[]>> latest = new TreeMap<>();
    try (TopicReader reader = new TopicReader(cluster, topic)) {
      reader.readToEnd(
          record -> {
            latest.put(key(record), record);
            return true;
          });
    }
    latest.values().removeIf(record -> record.value() == null);
    return latest;
  }

  /** The keys of a compacted topic now, without those that were removed; holds no values. */
  static Set<String> keys(Cluster cluster, Topic topic) {
    Set<String> keys = new HashSet<>();
    try (TopicReader reader = new TopicReader(cluster, topic)) {
      reader.readToEnd(
          record -> {
            if (record.value() == null) {
              keys.remove(key(record));
            } else {
              keys.add(key(record));
            }
            return true;
          });
    }
    return keys;
  }

  private long position() {
    return ends.keySet().stream().mapToLong(consumer::position).sum();
  }

  /**
   * Reads what there is and what comes, until told otherwise.
   *
   * @param each whether to go on after this record
   * @throws StoppedException when the thread is interrupted
   */
  void follow(Predicate<ConsumerRecord<byte[], byte[]>> each) {
    while (poll(each)) {
      // On and on.
    }
  }

  /** One poll; returns whether to go on. */
  boolean poll(Predicate<ConsumerRecord<byte[], byte[]>> each) {
    try {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (!each.test(record)) {
          return false;
        }
      }
      return true;
    } catch (InterruptException e) {
      throw new StoppedException();
    }
  }

  private long end(ConsumerRecord<byte[], byte[]> record) {
    return ends.getOrDefault(new TopicPartition(record.topic(), record.partition()), 0L);
  }

  /** The position also moves over what was aborted, so this comes true in the end. */
  private boolean atEnd() {
    return ends.entrySet().stream()
        .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
  }

  @Override
  public void close() {
    Thread.interrupted();
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(2)));
  }
}
