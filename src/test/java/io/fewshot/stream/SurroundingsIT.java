package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.EmbeddedBroker;
import io.fewshot.event.Codecs;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.ops.Health;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topics on which records would be lost are refused, by name, for as long as they are so. */
class SurroundingsIT {

  @TempDir Path folder;

  private final Topics topics = Topics.of("it.", 2);
  private final Health health = new Health();
  private final CountDownLatch closing = new CountDownLatch(1);
  private EmbeddedBroker broker;
  private FakeRegistry registry;
  private Codecs codecs;
  private Admin admin;

  @BeforeEach
  void start() throws Exception {
    broker = EmbeddedBroker.start(folder, 0);
    registry = FakeRegistry.start();
    codecs = Codecs.of(Map.of("schema.registry.url", registry.url()));
    admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
  }

  @AfterEach
  void stop() {
    closing.countDown();
    admin.close();
    codecs.close();
    registry.close();
    broker.close();
  }

  private CompletableFuture<Boolean> waiting(String servers) {
    Surroundings surroundings =
        new Surroundings(
            topics, codecs, Map.of("bootstrap.servers", servers), Map.of(), health, closing);
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return surroundings.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
          }
        });
  }

  private void awaitReason(String... parts) {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> assertThat(health.statuses().get("topics").reason()).contains(parts));
    assertThat(health.ready()).isFalse();
  }

  private void cleanup(String policy) throws Exception {
    admin
        .incrementalAlterConfigs(
            Map.of(
                new ConfigResource(ConfigResource.Type.TOPIC, topics.examples().name()),
                List.of(
                    new AlterConfigOp(
                        new ConfigEntry("cleanup.policy", policy), AlterConfigOp.OpType.SET))))
        .all()
        .get(20, TimeUnit.SECONDS);
  }

  @Test
  void eachIsNamedUntilItFits() throws Exception {
    // Given nothing
    CompletableFuture<Boolean> waiting = waiting(broker.bootstrapServers());
    awaitReason("topics are missing", "it.queries", "topics create");

    // When, Then
    new TopicAdmin(admin, Duration.ofSeconds(20)).create(topics.withPartitions("seen", 1), 1);
    cleanup("delete");
    awaitReason(
        "it.seen: partitions should be 2, is 1",
        "it.examples: cleanup.policy should be compact, is delete");
    admin
        .createPartitions(Map.of(topics.seen().name(), NewPartitions.increaseTo(2)))
        .all()
        .get(20, TimeUnit.SECONDS);
    cleanup("compact");
    assertThat(waiting.get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(health.ready()).isTrue();
  }

  @Test
  void aBrokerWhoseNameNobodyKnowsIsWaitedFor() throws Exception {
    CompletableFuture<Boolean> waiting = waiting("no-such-host.invalid:9092");

    awaitReason("no-such-host.invalid:9092 cannot be used");

    closing.countDown();
    assertThat(waiting.get(20, TimeUnit.SECONDS)).isFalse();
  }
}
