package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HealthTest {

  private final Health health = new Health();

  @Test
  void aProcessWithoutPartsIsNotReady() {
    assertThat(health.ready()).isFalse();
    assertThat(health.live()).isTrue();
    try (Metrics metrics = new Metrics()) {
      HealthPages pages = new HealthPages(health, metrics);
      assertThat(pages.page(HealthPages.READY).status()).isEqualTo(503);
      assertThat(metrics.scrape()).contains("fewshot_ready 0.0");
    }
  }

  @Test
  void itIsReadyWhenAllItsPartsAre() {
    health.component("one").ready();
    Health.Component other = health.component("other");
    assertThat(health.ready()).isFalse();

    other.ready();

    assertThat(health.ready()).isTrue();
  }
}
