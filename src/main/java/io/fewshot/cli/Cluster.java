package io.fewshot.cli;

import io.fewshot.event.Codecs;
import io.fewshot.event.Topic;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.ops.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/**
 * The broker and the registry that a command talks to. Owns the codecs and one admin client; what
 * else it makes is its caller's to close.
 */
final class Cluster implements AutoCloseable {

  static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Settings settings;
  private final Topics topics;
  private final Codecs codecs;
  private @Nullable Admin admin;

  Cluster(Settings settings) {
    this.settings = settings;
    settings.bootstrapServers();
    this.topics = Topics.of(settings.topicPrefix(), settings.partitions());
    try {
      this.codecs = Codecs.of(settings.registry());
    } catch (IllegalArgumentException e) {
      throw new BadInputException(String.valueOf(e.getMessage()));
    }
  }

  Settings settings() {
    return settings;
  }

  Topics topics() {
    return topics;
  }

  Codecs codecs() {
    return codecs;
  }

  synchronized Admin admin() {
    if (admin == null) {
      Map<String, Object> given = settings.admin();
      int millis = (int) PATIENCE.toMillis();
      given.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, millis);
      given.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, millis / 2);
      admin = Admin.create(given);
    }
    return admin;
  }

  TopicAdmin topicAdmin() {
    return new TopicAdmin(admin(), PATIENCE);
  }

  /**
   * Makes sure that a topic is there.
   *
   * @throws FailedException when it is not
   */
  void require(Topic topic) {
    try {
      admin()
          .describeTopics(List.of(topic.name()))
          .allTopicNames()
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        throw new FailedException(
            "the topic " + topic.name() + " is not there: run ./fewshot topics create", e);
      }
      throw e.getCause() instanceof KafkaException cause ? cause : new KafkaException(e.getCause());
    } catch (TimeoutException e) {
      throw new org.apache.kafka.common.errors.TimeoutException(e);
    } catch (InterruptedException e) {
      throw new StoppedException();
    }
  }

  /** Idempotent, and told by all replicas. */
  Producer<String, byte[]> producer() {
    Map<String, Object> given = settings.producer();
    given.put(ProducerConfig.ACKS_CONFIG, "all");
    given.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    given.put(ProducerConfig.LINGER_MS_CONFIG, 20);
    given.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, (int) PATIENCE.toMillis());
    given.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 15_000);
    given.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 60_000);
    return new KafkaProducer<>(given, new StringSerializer(), new ByteArraySerializer());
  }

  /** Its records count together or not at all; another one of the same name ends this one. */
  Producer<byte[], byte[]> transactionalProducer(String name) {
    Map<String, Object> given = settings.producer();
    given.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, topics.prefix() + name);
    given.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, (int) PATIENCE.toMillis());
    given.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.LARGEST_BYTES);
    return new KafkaProducer<>(given, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Without a group: it reads from where it is told, and only what was committed. */
  Consumer<byte[], byte[]> consumer() {
    Map<String, Object> given = settings.consumer();
    given.remove(ConsumerConfig.GROUP_ID_CONFIG);
    given.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    given.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    given.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    given.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis());
    return new KafkaConsumer<>(given, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /**
   * Reads what comes to a topic from now on: where that begins is settled when this returns.
   *
   * @throws FailedException when the topic is not there
   */
  Consumer<byte[], byte[]> consumerFromNowOn(Topic topic) {
    require(topic);
    Consumer<byte[], byte[]> consumer = consumer();
    try {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic.name()).stream()
              .map(each -> new TopicPartition(each.topic(), each.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToEnd(partitions);
      // Seeking is lazy.
      partitions.forEach(consumer::position);
      return consumer;
    } catch (RuntimeException e) {
      consumer.close();
      throw e;
    }
  }

  /** What went wrong, in a line that says what to do. */
  RuntimeException explain(KafkaException e) {
    if (StoppedException.isCause(e)) {
      return new StoppedException();
    }
    String broker = "the broker at " + settings.bootstrapServers();
    Throwable cause = e.getCause() instanceof KafkaException inner ? inner : e;
    if (cause instanceof ConfigException) {
      return new BadInputException("the connection's settings are wrong: " + cause.getMessage());
    }
    if (cause.getCause() instanceof ConfigException wrong) {
      return new BadInputException("the connection's settings are wrong: " + wrong.getMessage());
    }
    if (cause instanceof AuthenticationException) {
      return new FailedException(
          broker + " refuses the login: check the sasl and ssl settings (" + said(cause) + ")", e);
    }
    if (cause instanceof AuthorizationException) {
      return new FailedException(broker + " does not allow this: " + said(cause), e);
    }
    if (cause instanceof RecordTooLargeException) {
      return new FailedException("a message is too large: " + said(cause), e);
    }
    if (cause instanceof RetriableException || said(cause).contains("did not answer")) {
      return new FailedException(
          broker
              + " does not answer: check the address, or start one with ./fewshot up ("
              + said(cause)
              + ")",
          e);
    }
    return new FailedException(broker + " cannot do it: " + said(cause), e);
  }

  private static String said(Throwable e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return message.lines().findFirst().orElse(message);
  }

  @Override
  public synchronized void close() {
    if (admin != null) {
      admin.close(Duration.ofSeconds(2));
    }
    codecs.close();
  }
}
