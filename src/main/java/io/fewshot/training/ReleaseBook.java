package io.fewshot.training;

import io.fewshot.event.ActiveRelease;
import io.fewshot.event.Method;
import io.fewshot.event.ModelRelease;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Topic;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * The releases that there are, and which serve. Filled from the topics {@code releases} and {@code
 * active}; safe for use by several threads.
 */
public final class ReleaseBook {

  private final Connection connection;
  private final ConcurrentMap<String, ModelRelease> releases = new ConcurrentHashMap<>();
  private final ConcurrentMap<Slot, ActiveRelease> active = new ConcurrentHashMap<>();

  /** What one release at a time serves. */
  public record Slot(String task, Method method) {

    /** As the topics' keys have it. */
    public String key() {
      return task + "/" + method;
    }
  }

  public ReleaseBook(Connection connection) {
    this.connection = connection;
  }

  /** A book with all that there is now. */
  public static ReleaseBook read(Connection connection) {
    ReleaseBook book = new ReleaseBook(connection);
    connection.readToEnd(connection.topics().releases(), book::take);
    connection.readToEnd(connection.topics().active(), book::take);
    return book;
  }

  /**
   * Takes a record of one of the two topics; what cannot be read is passed over, and said.
   *
   * @throws RegistryUnavailableException when the registry is needed and away
   */
  public void take(ConsumerRecord<String, byte[]> record) {
    if (record.key() == null) {
      return;
    }
    if (record.topic().equals(connection.topics().releases().name())) {
      takeRelease(record);
    } else {
      takeActive(record);
    }
  }

  private void takeRelease(ConsumerRecord<String, byte[]> record) {
    if (record.value() == null) {
      releases.remove(record.key());
      return;
    }
    connection
        .decode(ModelRelease.class, record)
        .ifPresent(
            release ->
                releases.put(
                    key(release.getTask(), release.getMethod(), release.getVersion()), release));
  }

  private void takeActive(ConsumerRecord<String, byte[]> record) {
    if (record.value() == null) {
      active.keySet().removeIf(slot -> slot.key().equals(record.key()));
      return;
    }
    connection
        .decode(ActiveRelease.class, record)
        .ifPresent(now -> active.put(new Slot(now.getTask(), now.getMethod()), now));
  }

  static String key(String task, Method method, String version) {
    return task + "/" + method + "/" + version;
  }

  public Optional<ModelRelease> find(Slot slot, String version) {
    return Optional.ofNullable(releases.get(key(slot.task(), slot.method(), version)));
  }

  /** The release that serves; empty when none does, or when the one that should is not there. */
  public Optional<ModelRelease> serving(Slot slot) {
    return Optional.ofNullable(active.get(slot)).flatMap(now -> find(slot, now.getVersion()));
  }

  /** Which version should serve, by slot. */
  public Map<Slot, ActiveRelease> active() {
    return Map.copyOf(active);
  }

  /** All releases, by task, method and version. */
  public List<ModelRelease> releases() {
    return releases.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .toList();
  }

  /** The record that makes a version serve. */
  ProducerRecord<String, byte[]> activation(Slot slot, String version, String reason) {
    Topic topic = connection.topics().active();
    ActiveRelease record =
        ActiveRelease.newBuilder()
            .setTask(slot.task())
            .setMethod(slot.method())
            .setVersion(version)
            .setReason(reason)
            .setCreatedAt(java.time.Instant.now())
            .build();
    return new ProducerRecord<>(
        topic.name(),
        slot.key(),
        connection.codecs().codec(ActiveRelease.class).encode(topic.name(), record));
  }

  /**
   * Makes a version serve that was released before.
   *
   * @throws ReleaseException when there is no such release
   */
  public void rollBack(Slot slot, String version, String reason) {
    if (find(slot, version).isEmpty()) {
      throw new ReleaseException(
          "task %s has no %s release %s: see ./fewshot releases"
              .formatted(slot.task(), slot.method(), version));
    }
    try (Producer<String, byte[]> producer = connection.producer(Map.of())) {
      Sending.send(producer, activation(slot, version, reason));
    }
  }
}
