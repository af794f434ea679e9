package io.fewshot.training;

import io.fewshot.event.Method;
import io.fewshot.event.ModelRelease;
import io.fewshot.training.Dataset.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Utils;

/**
 * Asks for trainings: when a task has so many records in its data set that no training has seen,
 * and at a fixed rate for those that have any. Each trainer asks for the tasks whose requests it
 * would get itself, so two do not ask for the same.
 *
 * <p>Limitation: what a rejected candidate was trained on is not remembered over a restart, so the
 * first trigger after one may train on the same data again.
 */
final class Triggers {

  private static final Duration POLL = Duration.ofMillis(500);

  private final Connection connection;
  private final int examples;
  private final Optional<Duration> every;
  private final Map<String, List<Place>> unseen = new HashMap<>();
  private final Map<String, Map<String, Long>> seen = new HashMap<>();
  private final Set<String> asked = new HashSet<>();
  private Set<Integer> owned = Set.of();
  private int partitions = 1;

  /**
   * @param examples how many new ones; 0 for never
   */
  Triggers(Connection connection, int examples, Optional<Duration> every) {
    this.connection = connection;
    this.examples = examples;
    this.every = every;
  }

  /** Which partitions of the requests are this trainer's now. */
  synchronized void owns(Set<Integer> mine, int of) {
    owned = Set.copyOf(mine);
    partitions = of;
  }

  /** A training of the task has begun; what comes from now on is new. */
  synchronized void started(String task) {
    unseen.remove(task);
  }

  /** A training of the task has ended; another may be asked for. */
  synchronized void ended(String task) {
    asked.remove(task);
  }

  /**
   * Watches the data set until it is no longer open.
   *
   * @param watching called when it is at work
   */
  void run(BooleanSupplier open, Runnable watching) {
    String topic = connection.topics().sftDataset().name();
    start();
    long next = System.nanoTime() + every.map(Duration::toNanos).orElse(0L);
    try (KafkaConsumer<String, byte[]> consumer = connection.consumer();
        Producer<String, byte[]> producer = connection.producer(Map.of())) {
      List<TopicPartition> all =
          consumer.partitionsFor(topic).stream()
              .map(info -> new TopicPartition(topic, info.partition()))
              .toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      while (open.getAsBoolean()) {
        consumer.poll(POLL).forEach(this::take);
        watching.run();
        for (String task : due(examples == 0 ? Integer.MAX_VALUE : examples)) {
          ask(producer, task, examples + " new examples or more");
        }
        if (every.isPresent() && System.nanoTime() - next > 0) {
          next = System.nanoTime() + every.get().toNanos();
          for (String task : due(1)) {
            ask(producer, task, "it is time, and there are new examples");
          }
        }
      }
    }
  }

  /** What releases were trained on counts as seen. */
  private void start() {
    List<ModelRelease> releases = ReleaseBook.read(connection).releases();
    synchronized (this) {
      unseen.clear();
      for (ModelRelease release : releases) {
        Map<String, Long> offsets =
            seen.computeIfAbsent(release.getTask(), task -> new HashMap<>());
        release.getDatasetOffsets().forEach((p, end) -> offsets.merge(p, end, Math::max));
      }
    }
  }

  private synchronized void take(ConsumerRecord<String, byte[]> record) {
    int slash = record.key() == null ? -1 : record.key().indexOf('/');
    if (slash < 0 || record.value() == null) {
      return;
    }
    String task = record.key().substring(0, slash);
    long end =
        seen.getOrDefault(task, Map.of()).getOrDefault(Integer.toString(record.partition()), 0L);
    if (record.offset() >= end) {
      unseen
          .computeIfAbsent(task, key -> new ArrayList<>())
          .add(new Place(record.partition(), record.offset()));
    }
  }

  private synchronized List<String> due(int least) {
    return unseen.entrySet().stream()
        .filter(entry -> entry.getValue().size() >= least)
        .map(Map.Entry::getKey)
        .filter(task -> !asked.contains(task) && isMine(task))
        .toList();
  }

  private boolean isMine(String task) {
    byte[] key = task.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    return owned.contains(Utils.toPositive(Utils.murmur2(key)) % partitions);
  }

  private void ask(Producer<String, byte[]> producer, String task, String reason) {
    synchronized (this) {
      asked.add(task);
    }
    Requests.send(connection, producer, task, Method.AUTO, reason);
  }
}
