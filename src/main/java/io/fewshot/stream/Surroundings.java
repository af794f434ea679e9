package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.RecordException;
import io.fewshot.event.Schemas;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.ops.Health;
import io.fewshot.ops.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits until what the applications need around them is there: the broker with the topics, and the
 * registry with our schemas. Asked for before the start, so that no result is ever held up by a
 * schema that is not registered yet.
 */
final class Surroundings {

  private static final Logger LOG = LoggerFactory.getLogger(Surroundings.class);
  private static final Duration ASK = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Topics topics;
  private final Codecs codecs;
  private final Map<String, Object> admin;
  private final Health.Component broker;
  private final Health.Component registry;
  private final CountDownLatch closing;

  Surroundings(
      Topics topics,
      Codecs codecs,
      Map<String, Object> admin,
      Health health,
      CountDownLatch closing) {
    this.topics = topics;
    this.codecs = codecs;
    this.admin = admin;
    this.broker = health.component("topics");
    this.registry = health.component("schemas");
    this.closing = closing;
  }

  /** Returns whether they are there; false when closing came first. */
  boolean await() throws InterruptedException {
    return awaitTopics() && awaitSchemas();
  }

  private boolean awaitTopics() throws InterruptedException {
    try (Admin client = Admin.create(admin)) {
      TopicAdmin topicAdmin = new TopicAdmin(client, ASK);
      do {
        if (topicsAreThere(topicAdmin)) {
          broker.ready();
          return true;
        }
      } while (!closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
    }
    return false;
  }

  private boolean topicsAreThere(TopicAdmin client) {
    try {
      List<String> missing =
          client.check(topics).stream()
              .filter(difference -> difference.what().equals("topic"))
              .map(TopicAdmin.Difference::topic)
              .toList();
      if (missing.isEmpty()) {
        return true;
      }
      report(broker, "topics are missing: create them with ./fewshot topics create");
    } catch (KafkaException e) {
      report(
          broker,
          "the broker at %s cannot be used: %s"
              .formatted(admin.get(Settings.BOOTSTRAP), e.getMessage()));
    }
    return false;
  }

  private boolean awaitSchemas() throws InterruptedException {
    do {
      try {
        Schemas.register(topics, codecs.registry());
        registry.ready();
        return true;
      } catch (RecordException e) {
        report(registry, String.valueOf(e.getMessage()));
      }
    } while (!closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
    return false;
  }

  private static void report(Health.Component component, String why) {
    if (!component.status().reason().equals(why)) {
      LOG.info("Waiting: {}", why);
    }
    component.failed(why);
  }
}
