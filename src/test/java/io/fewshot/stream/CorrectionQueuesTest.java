package io.fewshot.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class CorrectionQueuesTest {

  private final CorrectionQueues queues = new CorrectionQueues();
  private long offset;

  private WaitingCorrection add(String queryId) {
    RawRecord inner =
        new RawRecord("corrections", 0, 7, 1, null, new byte[] {1}, new RecordHeaders());
    RawRecord carrier =
        new RawRecord(
            "by-query",
            0,
            offset++,
            1,
            queryId.getBytes(UTF_8),
            new BufferedRecord(inner, 1).toBytes(),
            new RecordHeaders());
    WaitingCorrection correction = WaitingCorrection.of(new BufferedRecord(carrier, 1));
    queues.add(correction);
    return correction;
  }

  @Test
  void nothingIsLookedAtBeforeItsTimeAndEachThenOnce() {
    // Given
    for (int i = 0; i < 10_000; i++) {
      queues.awaitMessage(add("q" + i), 60_000 + i / 100);
    }

    // When a minute passes in ticks
    List<String> early = new ArrayList<>();
    for (long now = 0; now < 60_000; now += 100) {
      early.addAll(queues.due(now, 500));
    }
    List<String> due = new ArrayList<>();
    for (int tick = 0; tick < 20; tick++) {
      List<String> some = queues.due(60_100, 500);
      assertThat(some).hasSize(500);
      due.addAll(some);
    }

    // Then
    assertThat(early).isEmpty();
    assertThat(due).hasSize(10_000).doesNotHaveDuplicates().startsWith("q0");
    assertThat(queues.due(60_100, 500)).isEmpty();
  }

  @Test
  void oneThatIsDealtWithIsNotDueAndOneThatMustWaitOnIsAgain() {
    WaitingCorrection done = add("q1");
    WaitingCorrection waits = add("q2");
    queues.awaitMessage(done, 10);
    queues.awaitMessage(waits, 10);

    queues.done(done);

    assertThat(queues.due(10, 9)).containsExactly("q2");
    queues.awaitMessage(waits, 10);
    assertThat(queues.due(10, 9)).containsExactly("q2");
    queues.awaitTask(waits, "t", 20);
    assertThat(queues.due(19, 9)).isEmpty();
    assertThat(queues.due(20, 9)).containsExactly("q2");
  }

  @Test
  void aTaskThatComesWakesItsOwnOnly() {
    queues.awaitTask(add("q1"), "t", 10);
    queues.awaitTask(add("q2"), "u", 10);
    queues.awaitTask(add("q3"), "t", 10);

    queues.tasksChanged("t"::equals);

    assertThat(queues.due(1, 9)).containsExactly("q1", "q3");
    assertThat(queues.due(10, 9)).containsExactly("q2");
  }

  @Test
  void correctionsOfAMessageKeepTheirOrder() {
    WaitingCorrection first = add("q1");
    WaitingCorrection second = add("q1");
    assertThat(queues.first("q1")).containsSame(first);

    queues.done(first);

    assertThat(queues.first("q1")).containsSame(second);
    assertThat(queues.takeAll("q1")).containsExactly(second);
    assertThat(queues.first("q1")).isEmpty();
  }

  @Test
  void aSchemaIsAskedAboutOnceATimeWhateverWaitsForIt() {
    for (int i = 0; i < 1_000; i++) {
      queues.awaitSchema(add("q" + i), 5);
    }
    queues.awaitSchema(add("other"), 6);

    List<String> asked = new ArrayList<>();
    queues.retrySchemas(
        500,
        correction -> {
          asked.add(correction.queryId);
          if (!correction.queryId.equals("other")) {
            queues.awaitSchema(correction, 5);
          }
        });
    assertThat(asked).containsExactly("q0", "other");

    Set<String> known = new HashSet<>();
    for (int tick = 0; tick < 3; tick++) {
      queues.retrySchemas(500, correction -> known.add(correction.queryId));
    }
    assertThat(known).hasSize(1_000);
  }

  @Test
  void theOldestThatWaitsForItsMessageIsFirst() {
    queues.awaitTask(add("q0"), "t", 10);
    WaitingCorrection oldest = add("q1");
    queues.awaitMessage(oldest, 10);
    WaitingCorrection next = add("q2");
    queues.awaitMessage(next, 5);

    assertThat(queues.longestWithoutMessage()).containsSame(oldest);
    queues.done(oldest);
    assertThat(queues.longestWithoutMessage()).containsSame(next);
  }
}
