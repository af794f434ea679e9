package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.embedded.EmbeddedBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokerWatchIT {

  @TempDir Path folder;

  @Test
  void aBrokerThatGoesIsKnownWithinTenSecondsAndSoIsItsReturn() {
    // Given a process that is ready.
    EmbeddedBroker broker = EmbeddedBroker.start(folder, 0);
    int port = broker.port();
    Settings settings =
        Settings.load(Map.of(Settings.BOOTSTRAP, broker.bootstrapServers()), null, Map.of());
    Health health = new Health();
    try (BrokerWatch watch = BrokerWatch.start(settings, health)) {
      await().atMost(Duration.ofSeconds(10)).until(health::ready);

      // When, Then
      broker.close();
      await().atMost(Duration.ofSeconds(10)).until(() -> !health.ready());
      assertThat(health.statuses().get("broker").reason())
          .contains(settings.bootstrapServers(), "does not answer");
      broker = EmbeddedBroker.start(folder, port);
      await().atMost(Duration.ofSeconds(10)).until(health::ready);
    } finally {
      broker.close();
    }
  }

  @Test
  void anAddressThatNobodyKnowsIsSaidAndAskedAgain() {
    Settings settings =
        Settings.load(Map.of(Settings.BOOTSTRAP, "no-such-host.invalid:9092"), null, Map.of());
    Health health = new Health();

    try (BrokerWatch watch = BrokerWatch.start(settings, health)) {
      await()
          .atMost(Duration.ofSeconds(10))
          .until(() -> health.statuses().get("broker").state() == Health.State.FAILED);
      assertThat(health.statuses().get("broker").reason()).contains("no-such-host.invalid:9092");
    }
  }
}
