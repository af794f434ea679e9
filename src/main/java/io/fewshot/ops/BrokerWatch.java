package io.fewshot.ops;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;

/**
 * Asks the broker every two seconds whether it is there, and says so in the health of the process:
 * Kafka's clients wait for a broker that is away without a word. One for each process. Owns its
 * thread from {@link #start} until {@link #close}.
 */
public final class BrokerWatch implements AutoCloseable {

  private static final Duration EVERY = Duration.ofSeconds(2);

  /** With {@link #EVERY} and a second for who asks: known within ten seconds. */
  private static final Duration ASK = Duration.ofSeconds(4);

  private final Map<String, Object> properties;
  private final Health.Component health;
  private final BackgroundThread thread;

  private BrokerWatch(Settings settings, Health health) {
    this.properties = settings.admin();
    this.health = health.component("broker");
    this.health.starting("connecting");
    this.thread =
        new BackgroundThread("fewshot-broker-watch", this.health, this::watch, this::words);
  }

  /**
   * Begins to ask.
   *
   * @throws SettingsException when nobody said where the broker is
   */
  public static BrokerWatch start(Settings settings, Health health) {
    BrokerWatch watch = new BrokerWatch(settings, health);
    watch.thread.start();
    return watch;
  }

  private void watch(BackgroundThread self) throws Exception {
    Admin admin = Admin.create(properties);
    try {
      do {
        try {
          admin
              .describeCluster(new DescribeClusterOptions().timeoutMs((int) ASK.toMillis()))
              .nodes()
              .get(ASK.toMillis() + 500, TimeUnit.MILLISECONDS);
          health.ready();
        } catch (ExecutionException | TimeoutException e) {
          health.failed(words(e.getCause() == null ? e : e.getCause()));
        }
      } while (self.pause(EVERY));
    } finally {
      admin.close(Duration.ZERO);
    }
  }

  private String words(Throwable error) {
    String why = error.getMessage() == null ? "no answer" : error.getMessage();
    return "the broker at %s does not answer: %s"
        .formatted(properties.get(Settings.BOOTSTRAP), why);
  }

  @Override
  public void close() {
    thread.close();
  }
}
