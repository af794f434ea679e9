package io.fewshot.event;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/**
 * Creates, checks and grows the topics of an installation. The admin client stays the caller's.
 *
 * <p>Every method throws {@link KafkaException} when the broker cannot be reached within the
 * timeout or refuses.
 */
public final class TopicAdmin {

  static final String PARTITIONS = "partitions";
  private static final String TOPIC = "topic";

  private final Admin admin;
  private final Duration timeout;

  public TopicAdmin(Admin admin, Duration timeout) {
    this.admin = admin;
    this.timeout = timeout;
  }

  /**
   * How a topic on the broker differs from what it should be.
   *
   * @param topic its name on the broker
   * @param what {@code topic}, {@code partitions} or the name of a setting
   * @param wanted what it should be
   * @param found what it is; {@code missing} when it is not there
   */
  public record Difference(String topic, String what, String wanted, String found) {

    @Override
    public String toString() {
      return topic + ": " + what + " should be " + wanted + ", is " + found;
    }
  }

  /**
   * Creates the topics that are missing and waits until the broker knows them; leaves the others as
   * they are. Can be repeated.
   *
   * @param replication copies of each partition; -1 for the broker's default
   * @return the names of those created
   */
  public List<String> create(Topics topics, int replication) {
    List<NewTopic> wanted =
        topics.all().stream()
            .map(
                topic ->
                    new NewTopic(
                            topic.name(),
                            Optional.of(topic.partitions()),
                            replication < 0
                                ? Optional.<Short>empty()
                                : Optional.of((short) replication))
                        .configs(topic.configuration()))
            .toList();
    List<String> created = new ArrayList<>();
    admin
        .createTopics(wanted)
        .values()
        .forEach(
            (name, future) -> {
              if (get(future.thenApply(nothing -> name), TopicExistsException.class) != null) {
                created.add(name);
              }
            });
    awaitMetadata(topics);
    return created;
  }

  /** Waits until every topic is known with its partitions, each with a leader that serves it. */
  private void awaitMetadata(Topics topics) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      Map<String, TopicDescription> known = describe(names(topics));
      if (known.size() == topics.all().size()
          && known.values().stream().allMatch(TopicAdmin::hasLeaders)
          && areServed(known.values())) {
        return;
      }
      if (System.nanoTime() > deadline) {
        throw new KafkaException("the broker created the topics but does not serve them yet");
      }
      pause();
    }
  }

  /**
   * A leader that is named may turn the first records away for a moment. An idempotent producer
   * then sends them again behind later ones, which the broker took for the first, and gets stuck
   * until its delivery times out. A leader that knows its partition's end serves it.
   */
  private boolean areServed(Collection<TopicDescription> known) {
    Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
    for (TopicDescription topic : known) {
      topic
          .partitions()
          .forEach(
              partition ->
                  ends.put(
                      new TopicPartition(topic.name(), partition.partition()),
                      OffsetSpec.latest()));
    }
    return get(admin.listOffsets(ends).all(), UnknownTopicOrPartitionException.class) != null;
  }

  private static boolean hasLeaders(TopicDescription topic) {
    return topic.partitions().stream()
        .allMatch(partition -> partition.leader() != null && !partition.leader().isEmpty());
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted while waiting for the topics", e);
    }
  }

  /**
   * The size that every topic of the streams takes, in bytes: the smallest of their limits. Those
   * of releases, which hold no messages, are left out.
   */
  public int largestRecord(Topics topics) {
    List<Topic> streams = new ArrayList<>(topics.all());
    streams.removeAll(List.of(topics.artifacts(), topics.releases(), topics.active()));
    return configs(streams.stream().map(Topic::name).toList()).values().stream()
        .map(config -> config.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG))
        .filter(entry -> entry != null && entry.value() != null)
        .mapToInt(entry -> Integer.parseInt(entry.value()))
        .min()
        .orElse(Topics.TEXT_BYTES);
  }

  /** What differs from the wanted topics; nothing when all is well. */
  public List<Difference> check(Topics topics) {
    Map<String, TopicDescription> known = describe(names(topics));
    Map<String, Config> configs = configs(known.keySet());
    List<Difference> partitions = new Partitions(counts(known)).differences(topics);
    List<Difference> differences = new ArrayList<>();
    for (Topic topic : topics.all()) {
      TopicDescription description = known.get(topic.name());
      Config config = configs.get(topic.name());
      if (description == null || config == null) {
        differences.add(new Difference(topic.name(), TOPIC, "there", "missing"));
        continue;
      }
      partitions.stream()
          .filter(difference -> difference.topic().equals(topic.name()))
          .forEach(differences::add);
      topic
          .configuration()
          .forEach(
              (setting, wanted) -> {
                String found = config.get(setting) == null ? "" : config.get(setting).value();
                if (differs(setting, wanted, found)) {
                  differences.add(new Difference(topic.name(), setting, wanted, found));
                }
              });
    }
    return differences;
  }

  /**
   * Those of the differences that lose records, or what belongs together: what is missing, another
   * clean-up, and different numbers of partitions where records meet by their key.
   *
   * @param sources topics behind stores, each with the topics that its store is filled from; those
   *     that are not there yet are no difference
   */
  public List<Difference> losses(Topics topics, Map<String, Set<String>> sources) {
    List<Difference> losses = new ArrayList<>();
    for (Difference difference : check(topics)) {
      if (difference.what().equals(TOPIC)
          || difference.what().equals(TopicConfig.CLEANUP_POLICY_CONFIG)
          || (difference.what().equals(PARTITIONS) && isJoined(topics, difference.topic()))) {
        losses.add(difference);
      }
    }
    Set<String> names = new HashSet<>(sources.keySet());
    sources.values().forEach(names::addAll);
    losses.addAll(new Partitions(partitions(names)).differences(sources));
    return losses;
  }

  private static boolean isJoined(Topics topics, String name) {
    return topics.joined().stream()
        .flatMap(List::stream)
        .anyMatch(topic -> topic.name().equals(name));
  }

  /** How many partitions topics have; those that are not there are left out. */
  public Map<String, Integer> partitions(Collection<String> names) {
    return counts(describe(names));
  }

  private static Map<String, Integer> counts(Map<String, TopicDescription> known) {
    Map<String, Integer> counts = new HashMap<>();
    known.forEach((name, description) -> counts.put(name, description.partitions().size()));
    return counts;
  }

  /**
   * Gives topics more partitions, all in one go, so that nobody sees some with the old and some
   * with the new number. Topics that have as many, or more, stay as they are.
   *
   * @param names topics that are there
   */
  public void grow(Collection<String> names, int partitions) {
    Map<String, NewPartitions> wanted = new HashMap<>();
    partitions(names)
        .forEach(
            (name, count) -> {
              if (count < partitions) {
                wanted.put(name, NewPartitions.increaseTo(partitions));
              }
            });
    if (!wanted.isEmpty()) {
      get(admin.createPartitions(wanted).all(), TopicExistsException.class);
    }
  }

  private static boolean differs(String setting, String wanted, String found) {
    if (setting.equals(TopicConfig.MAX_MESSAGE_BYTES_CONFIG)) {
      return Long.parseLong(found) < Long.parseLong(wanted); // more does no harm
    }
    return !found.equals(wanted);
  }

  private static List<String> names(Topics topics) {
    return topics.all().stream().map(Topic::name).toList();
  }

  private Map<String, TopicDescription> describe(Collection<String> names) {
    Map<String, TopicDescription> known = new HashMap<>();
    admin
        .describeTopics(names)
        .topicNameValues()
        .forEach(
            (name, future) -> {
              TopicDescription description = get(future, UnknownTopicOrPartitionException.class);
              if (description != null) {
                known.put(name, description);
              }
            });
    return known;
  }

  private Map<String, Config> configs(Collection<String> names) {
    List<ConfigResource> resources =
        names.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)).toList();
    Map<String, Config> configs = new HashMap<>();
    admin
        .describeConfigs(resources)
        .values()
        .forEach(
            (resource, future) -> {
              Config config = get(future, UnknownTopicOrPartitionException.class);
              if (config != null) {
                configs.put(resource.name(), config);
              }
            });
    return configs;
  }

  /** The future's value; null when it failed with the expected kind. */
  private <T> @Nullable T get(KafkaFuture<T> future, Class<? extends Exception> expected) {
    try {
      return future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (expected.isInstance(cause)) {
        return null;
      }
      throw cause instanceof KafkaException kafka ? kafka : new KafkaException(cause);
    } catch (TimeoutException e) {
      throw new KafkaException("the broker did not answer within " + timeout.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted while asking the broker", e);
    }
  }
}
