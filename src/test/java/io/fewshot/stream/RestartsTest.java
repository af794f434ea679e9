package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RestartsTest {

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 10);
  private final Restarts restarts = new Restarts(now::get);

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  @Test
  void aRestartNowAndThenIsNothingToSpeakOf() {
    for (int i = 0; i < 10; i++) {
      restarts.count("the disk");
      pass(Duration.ofSeconds(61));
    }

    assertThat(restarts.unsettled()).isEmpty();
  }

  @Test
  void threeWithinTwoMinutesAreSaidWithTheReasonUntilAMinuteWasQuiet() {
    // Given
    restarts.count("the registry");
    pass(Duration.ofSeconds(50));
    restarts.count("the registry");
    pass(Duration.ofSeconds(50));
    assertThat(restarts.unsettled()).isEmpty();

    // When
    restarts.count("the disk");

    // Then
    assertThat(restarts.unsettled())
        .hasValueSatisfying(why -> assertThat(why).contains("3 times", "the disk"));
    pass(Duration.ofSeconds(59));
    assertThat(restarts.unsettled()).isPresent();
    pass(Duration.ofSeconds(1));
    assertThat(restarts.unsettled()).isEmpty();
    restarts.count("once more");
    assertThat(restarts.unsettled()).as("a single one, after the quiet").isEmpty();
  }
}
