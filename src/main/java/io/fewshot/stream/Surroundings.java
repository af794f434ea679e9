package io.fewshot.stream;

import static java.util.stream.Collectors.joining;

import io.fewshot.event.Codecs;
import io.fewshot.event.RecordException;
import io.fewshot.event.Schemas;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.TopicAdmin.Difference;
import io.fewshot.event.Topics;
import io.fewshot.ops.Health;
import io.fewshot.ops.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits until what the applications need around them is there: the broker with topics that fit, and
 * the registry with our schemas. Asked for before the start, so that no result is ever held up by a
 * schema that is not registered yet.
 */
final class Surroundings {

  private static final Logger LOG = LoggerFactory.getLogger(Surroundings.class);
  private static final Duration ASK = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Topics topics;
  private final Codecs codecs;
  private final Map<String, Object> admin;
  private final Map<String, Set<String>> changelogs;
  private final Health.Component broker;
  private final Health.Component registry;
  private final CountDownLatch closing;

  /**
   * @param changelogs topics behind stores, each with the topics that its store is filled from
   */
  Surroundings(
      Topics topics,
      Codecs codecs,
      Map<String, Object> admin,
      Map<String, Set<String>> changelogs,
      Health health,
      CountDownLatch closing) {
    this.topics = topics;
    this.codecs = codecs;
    this.admin = admin;
    this.changelogs = changelogs;
    this.broker = health.component("topics");
    this.registry = health.component("schemas");
    this.closing = closing;
  }

  /** Returns whether they are there; false when closing came first. */
  boolean await() throws InterruptedException {
    return awaitTopics() && awaitSchemas();
  }

  private boolean awaitTopics() throws InterruptedException {
    do {
      try {
        String misfit = misfit();
        if (misfit.isEmpty()) {
          broker.ready();
          return true;
        }
        report(broker, misfit);
      } catch (KafkaException e) {
        Throwable cause = e.getCause() instanceof KafkaException inner ? inner : e;
        report(
            broker,
            "the broker at %s cannot be used: %s"
                .formatted(admin.get(Settings.BOOTSTRAP), cause.getMessage()));
      }
    } while (!closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
    return false;
  }

  /** What is around does not fit what is built on it. The message says what, and what to do. */
  static final class UnfitException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private UnfitException(String message) {
      super(message);
    }
  }

  /**
   * Makes sure that topics still fit: somebody may have changed them while it ran.
   *
   * @throws UnfitException when they do not
   * @throws KafkaException when the broker does not say
   */
  void check() {
    String misfit = misfit();
    if (!misfit.isEmpty()) {
      throw new UnfitException(misfit);
    }
  }

  /** What would be lost on the topics as they are, and what to do; empty when nothing would. */
  private String misfit() {
    List<Difference> losses = losses();
    List<String> missing =
        losses.stream()
            .filter(difference -> difference.what().equals("topic"))
            .map(Difference::topic)
            .toList();
    if (!missing.isEmpty()) {
      return "topics are missing: create them with ./fewshot topics create (%s)"
          .formatted(String.join(", ", missing));
    }
    return losses.isEmpty()
        ? ""
        : "topics do not fit, and records would be lost: %s; see ./fewshot topics check, and grow"
            .formatted(losses.stream().map(Difference::toString).collect(joining("; ")));
  }

  /** By a client anew: one cannot even be made while nobody knows the broker's name. */
  private List<Difference> losses() {
    Admin client = Admin.create(admin);
    try {
      return new TopicAdmin(client, ASK).losses(topics, changelogs);
    } finally {
      // Not waiting for the answers of a broker that is away.
      client.close(Duration.ZERO);
    }
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
