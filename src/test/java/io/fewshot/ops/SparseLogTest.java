package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class SparseLogTest {

  private final Logger logger = (Logger) LoggerFactory.getLogger(SparseLogTest.class);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final AtomicLong time = new AtomicLong();
  private final SparseLog log = new SparseLog(logger, time::get);

  @BeforeEach
  void listen() {
    lines.start();
    logger.addAppender(lines);
    logger.setAdditive(false);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(lines);
    logger.setAdditive(true);
  }

  @Test
  void ofAFloodSaysTheFirstAndLaterHowManyThereWere() {
    for (int i = 0; i < 1_000; i++) {
      int number = i;
      log.warn("bad", () -> "bad record " + number);
    }
    time.addAndGet(Duration.ofSeconds(11).toNanos());
    log.warn("bad", () -> "bad record 1000");
    time.addAndGet(Duration.ofSeconds(11).toNanos());
    log.warn("bad", () -> "bad record 1001");

    assertThat(lines.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "bad record 0",
            "bad record 1000 (and 999 more since the last one that was logged)",
            "bad record 1001");
  }

  @Test
  void whatIsQuotedCannotForgeALineOrFillTheDisk() {
    log.warn("a", () -> "bad \n12:00:00 INFO all is well \u001b[2J\u2028" + "x".repeat(10_000));

    assertThat(lines.list.get(0).getFormattedMessage())
        .hasSize(500)
        .startsWith("bad ·12:00:00 INFO all is well ·[2J")
        .doesNotContainPattern("[\\p{Cntrl}\\x{2028}]");
  }

  @Test
  void oneKindDoesNotSilenceAnother() {
    log.warn("a", () -> "first");
    log.warn("b", () -> "second");

    assertThat(lines.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly("first", "second");
  }
}
