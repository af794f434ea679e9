package io.fewshot.stream;

import io.fewshot.event.Topic;
import io.fewshot.event.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/** The configuration of the two Kafka Streams applications, derived from few settings. */
final class StreamConfigs {

  /**
   * How long a killed instance keeps its partitions: the shortest that brokers allow by default.
   * Nothing dear is computed on the threads that send heartbeats, so only a long stop of the whole
   * process is taken for its death.
   */
  private static final Duration SESSION = Duration.ofSeconds(6);

  /**
   * How long the broker keeps a dead instance's transaction open, and its records from others; a
   * living one keeps under two seconds.
   */
  private static final Duration TRANSACTION = Duration.ofSeconds(10);

  private static final Duration POLL_INTERVAL = Duration.ofMinutes(5);

  private static final Duration METADATA_AGE = Duration.ofSeconds(10);

  private StreamConfigs() {}

  /**
   * @param applicationId id of the application, also the consumer group
   * @param client properties of the connection (servers, security), and whatever else a user sets:
   *     they win
   */
  static Properties of(
      String applicationId,
      int threads,
      StreamSettings settings,
      Path stateDirectory,
      Map<String, ?> client) {
    Map<String, Object> config = new HashMap<>();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, applicationId);
    config.put(StreamsConfig.STATE_DIR_CONFIG, stateDirectory.toString());
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
    config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, -1);
    config.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, BoundedStores.class);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    // A thread that waits for records does not punctuate: it must not wait longer than a tick.
    config.put(StreamsConfig.POLL_MS_CONFIG, settings.drainEvery().toMillis());
    config.put(
        StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, SaneTimestamps.class.getName());
    config.put(
        StreamsConfig.PRODUCTION_EXCEPTION_HANDLER_CLASS_CONFIG, UnsentRecords.class.getName());
    timeouts(config);
    sizes(config);
    config.put(StreamsConfig.topicPrefix(TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG), "0.3");
    config.put(
        StreamsConfig.topicPrefix(TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG),
        Long.toString(Topic.REMOVED_AFTER.toMillis()));
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    // Reading ahead of a flood is quick when it comes in large pieces.
    config.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
    // Topics may grow while it runs: what comes to a new partition must not wait for five minutes.
    config.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.METADATA_MAX_AGE_CONFIG),
        (int) METADATA_AGE.toMillis());
    config.putAll(client);
    Properties properties = new Properties();
    properties.putAll(config);
    return properties;
  }

  private static void timeouts(Map<String, Object> config) {
    config.put(
        StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG),
        (int) TRANSACTION.toMillis());
    config.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG),
        (int) POLL_INTERVAL.toMillis());
    config.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG),
        (int) SESSION.toMillis());
    config.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG),
        (int) SESSION.dividedBy(4).toMillis());
  }

  /**
   * A dead letter is larger than the record that it is made of, and a labeling request than its
   * text.
   */
  private static void sizes(Map<String, Object> config) {
    config.put(
        StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG), Topics.LARGEST_BYTES);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    config.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5);
  }
}
