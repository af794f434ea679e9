package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Method;
import io.fewshot.training.ReleaseBook.Slot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ReleaseAttemptsTest {

  private static final Slot SLOT = new Slot("t", Method.LORA);

  private final AtomicLong now = new AtomicLong(Long.MIN_VALUE + 5);
  private final ReleaseAttempts attempts = new ReleaseAttempts(now::get);

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  @Test
  void aReleaseThatDoesNotLoadIsTriedEverMoreRarelyAndWithoutEnd() {
    assertThat(attempts.isDue(SLOT, "1")).isTrue();
    List<Long> pauses = new ArrayList<>();

    for (int i = 1; i <= 100; i++) {
      assertThat(attempts.failed(SLOT, "1")).isEqualTo(i);
      Duration pause = attempts.pause(SLOT, "1");
      pauses.add(pause.toSeconds());
      pass(pause.minusMillis(1));
      assertThat(attempts.isDue(SLOT, "1")).isFalse();
      pass(Duration.ofMillis(1));
      assertThat(attempts.isDue(SLOT, "1")).isTrue();
    }

    assertThat(pauses).startsWith(5L, 10L, 20L, 40L, 80L, 160L, 300L, 300L).endsWith(300L);
  }

  @Test
  void anotherVersionIsTriedAtOnce() {
    attempts.failed(SLOT, "1");

    assertThat(attempts.isDue(SLOT, "2")).isTrue();
    assertThat(attempts.failed(SLOT, "2")).isEqualTo(1);
  }

  @Test
  void whatWaitsForTheModelIsTriedEveryFiveSecondsAndDoesNotCount() {
    for (int i = 0; i < 20; i++) {
      attempts.waits(SLOT, "1");
      assertThat(attempts.isDue(SLOT, "1")).isFalse();
      pass(Duration.ofSeconds(5));
      assertThat(attempts.isDue(SLOT, "1")).isTrue();
    }

    assertThat(attempts.failed(SLOT, "1")).isEqualTo(1);
  }

  @Test
  void whatIsForgottenWasNeverTried() {
    attempts.failed(SLOT, "1");

    assertThat(attempts.forget(SLOT)).isTrue();
    assertThat(attempts.forget(SLOT)).isFalse();
    assertThat(attempts.isDue(SLOT, "1")).isTrue();
  }
}
