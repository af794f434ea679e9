package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BackgroundThreadTest {

  private final Health health = new Health();
  private final Health.Component component = health.component("work");

  @Test
  void workThatAnErrorEndedIsShownAsFailedAndBeginsAnew() {
    // Given work that a missing native library ends twice.
    AtomicInteger sessions = new AtomicInteger();
    BackgroundThread thread =
        new BackgroundThread(
            "work",
            component,
            self -> {
              if (sessions.incrementAndGet() <= 2) {
                throw new UnsatisfiedLinkError("no engine here");
              }
              component.ready();
              self.pause(Duration.ofMinutes(1));
            });

    // When
    thread.start();

    // Then it is failed in between, and ready in the end.
    await().until(() -> component.status().state() == Health.State.FAILED);
    assertThat(component.status().reason()).contains("UnsatisfiedLinkError", "no engine here");
    await().atMost(Duration.ofSeconds(10)).until(health::ready);
    assertThat(sessions).hasValue(3);
    thread.close();
  }

  @Test
  void workThatReturnsEarlyBeginsAnew() {
    AtomicInteger sessions = new AtomicInteger();
    try (BackgroundThread thread =
        new BackgroundThread("work", component, self -> sessions.incrementAndGet())) {
      thread.start();

      await().atMost(Duration.ofSeconds(10)).until(() -> sessions.get() >= 2);
    }
  }

  @Test
  void closingInterruptsAPauseAndEndsTheThread() {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    BackgroundThread thread =
        new BackgroundThread(
            "work",
            component,
            self -> {
              begun.countDown();
              while (self.pause(Duration.ofMinutes(1))) {
                // Nothing to do.
              }
              ended.countDown();
            });
    thread.start();
    await().until(() -> begun.getCount() == 0);

    long start = System.nanoTime();
    thread.close();

    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    assertThat(ended.getCount()).isZero();
  }

  @Test
  void oneThatNeverStartedCanBeClosed() {
    new BackgroundThread("work", component, self -> {}).close();

    assertThat(component.status().state()).isEqualTo(Health.State.STARTING);
  }
}
