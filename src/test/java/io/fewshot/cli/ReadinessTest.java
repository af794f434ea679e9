package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.ops.Health;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReadinessTest {

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Health health = new Health();
  private final Health.Component broker = health.component("broker");
  private final RecordingConsole console = new RecordingConsole("");
  private final Readiness readiness = new Readiness(health, console.console(), false);

  @Test
  void saysOnceWhatItWaitsForAndOnlyWhenItTakesLong() {
    broker.failed("it does not answer");
    readiness.look(0);
    readiness.look(2 * SECOND);
    assertThat(lines()).isEmpty();

    readiness.look(3 * SECOND);
    readiness.look(9 * SECOND);
    assertThat(lines()).containsExactly("waiting for broker: it does not answer");

    broker.ready();
    readiness.look(10 * SECOND);
    assertThat(lines()).endsWith("ready");
  }

  @Test
  void saysWhatTookItsReadiness() {
    broker.ready();
    readiness.look(0);
    broker.failed("gone");
    readiness.look(SECOND);
    readiness.look(5 * SECOND);
    assertThat(lines())
        .containsExactly("ready", "not ready: see /readyz", "waiting for broker: gone");
  }

  @Test
  void ofAReasonThatChangesTheLastIsSaid() {
    broker.failed("one");
    readiness.look(0);
    broker.failed("two");
    readiness.look(2 * SECOND);
    readiness.look(4 * SECOND);
    assertThat(lines()).isEmpty();
    readiness.look(5 * SECOND);
    assertThat(lines()).containsExactly("waiting for broker: two");
  }

  private List<String> lines() {
    return console.err().lines().toList();
  }
}
