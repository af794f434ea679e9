package io.fewshot.event;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * One topic: what it is called, what it holds and how long.
 *
 * @param label its name without the prefix, the same in every installation
 * @param name its name on the broker
 * @param key what its keys are, in words
 * @param record the class of its values; null when they are not Avro records in the Confluent wire
 *     format
 * @param partitions at least 1
 * @param cleanup how old records go
 * @param retention how long a record is kept; null without limit, and for compacted topics
 * @param maxMessageBytes the largest batch that the broker takes, in bytes
 * @param brokerTime whether records bear the broker's time: those that only our services write, so
 *     that no timestamp that cannot be true reaches a global store, or ages a record too soon
 */
public record Topic(
    String label,
    String name,
    String key,
    @Nullable Class<? extends SpecificRecord> record,
    int partitions,
    Cleanup cleanup,
    @Nullable Duration retention,
    int maxMessageBytes,
    boolean brokerTime) {

  /** How long what was removed from a compacted topic may stay on the disk, about. */
  public static final Duration REMOVED_AFTER = Duration.ofDays(1);

  /** How old records go. */
  public enum Cleanup {
    /** By age. */
    DELETE(TopicConfig.CLEANUP_POLICY_DELETE),
    /** When a newer one of the same key is there. */
    COMPACT(TopicConfig.CLEANUP_POLICY_COMPACT);

    private final String policy;

    Cleanup(String policy) {
      this.policy = policy;
    }

    /** The broker's name for it. */
    public String policy() {
      return policy;
    }
  }

  public Topic {
    if (partitions < 1) {
      throw new IllegalArgumentException(
          "topic " + label + " needs at least one partition, not " + partitions);
    }
  }

  /** The registry's subject for its values. */
  public String subject() {
    return name + "-value";
  }

  /** The broker's settings of this topic. */
  public Map<String, String> configuration() {
    Map<String, String> configuration = new LinkedHashMap<>();
    configuration.put(TopicConfig.CLEANUP_POLICY_CONFIG, cleanup.policy());
    if (cleanup == Cleanup.DELETE) {
      configuration.put(
          TopicConfig.RETENTION_MS_CONFIG,
          retention == null ? "-1" : Long.toString(retention.toMillis()));
    } else {
      configuration.put(
          TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG, Long.toString(REMOVED_AFTER.toMillis()));
    }
    configuration.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(maxMessageBytes));
    if (brokerTime) {
      configuration.put(
          TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, TimestampType.LOG_APPEND_TIME.name);
    }
    return configuration;
  }

  Topic withPartitions(int count) {
    return new Topic(
        label, name, key, record, count, cleanup, retention, maxMessageBytes, brokerTime);
  }
}
