package io.fewshot.cli;

import io.fewshot.ops.Settings;
import java.time.Duration;
import java.util.Map;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Testcontainers;
import org.testcontainers.kafka.KafkaContainer;

/** On the images that docker-compose.yml names; skipped where there is no Docker. */
@Testcontainers(disabledWithoutDocker = true)
class EndToEndContainersIT extends EndToEndScenario {

  private static final int REGISTRY_PORT = 8080;

  private KafkaContainer kafka;
  private GenericContainer<?> registry;

  @Override
  Map<String, String> startCluster() {
    kafka = new KafkaContainer("apache/kafka:4.3.1");
    registry =
        new GenericContainer<>("apicurio/apicurio-registry-mem:2.6.13.Final")
            .withExposedPorts(REGISTRY_PORT)
            .waitingFor(Wait.forHttp("/health/ready").withStartupTimeout(Duration.ofMinutes(2)));
    kafka.start();
    registry.start();
    return Map.of(
        Settings.BOOTSTRAP,
        kafka.getBootstrapServers(),
        Settings.REGISTRY,
        "http://%s:%d/apis/ccompat/v7"
            .formatted(registry.getHost(), registry.getMappedPort(REGISTRY_PORT)));
  }

  @Override
  void stopCluster() {
    registry.stop();
    kafka.stop();
  }
}
