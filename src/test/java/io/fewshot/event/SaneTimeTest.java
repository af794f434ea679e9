package io.fewshot.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SaneTimeTest {

  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1_767_225_600_000_000L})
  void aTimestampThatCannotBeOneIsThePresent(long timestamp) {
    assertThat(SaneTime.of(timestamp, NOW.toEpochMilli())).isEqualTo(NOW.toEpochMilli());
  }

  @Test
  void onesThatCanBeStay() {
    for (Duration past :
        new Duration[] {Duration.ofHours(-23), Duration.ZERO, Duration.ofDays(9)}) {
      Instant time = NOW.minus(past);
      assertThat(SaneTime.of(time.toEpochMilli(), NOW.toEpochMilli()))
          .isEqualTo(time.toEpochMilli());
      assertThat(SaneTime.of(time, NOW.toEpochMilli())).isEqualTo(time);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 0, 1_767_225_600L, 1_767_225_600_000_000L, Long.MAX_VALUE})
  void whatAProducerSaysInSecondsOrMicrosecondsGivesWayToTheRecords(long createdAt) {
    assertThat(SaneTime.of(Instant.ofEpochMilli(createdAt), NOW.toEpochMilli())).isEqualTo(NOW);
    assertThat(SaneTime.of(null, NOW.toEpochMilli())).isEqualTo(NOW);
  }
}
