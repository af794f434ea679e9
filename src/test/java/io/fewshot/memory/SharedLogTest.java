package io.fewshot.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SharedLogTest {

  private final SharedLog log = new SharedLog();
  private final List<String> filled = new ArrayList<>();

  @Test
  void aRecordIsAppliedByWhoeverReadsItFirst() {
    open("answering");
    open("learning");

    apply(0, 1);
    apply(0, 2);
    // The other is behind, and then ahead.
    apply(0, 1);
    apply(1, 0);
    apply(0, 3);
    apply(0, 2);
    apply(0, 3);

    assertThat(filled).containsExactly("0/1", "0/2", "1/0", "0/3");
  }

  @Test
  void whatOneKeepsFilledIsNotEmptiedWhenAnotherStartsAgain() {
    // Given
    open("answering");
    open("learning");
    apply(0, 1);
    apply(0, 2);

    // When
    log.close("learning");
    open("learning");
    apply(0, 1);
    // One that was lost without being closed.
    open("learning");
    apply(0, 2);

    // Then
    assertThat(filled).containsExactly("0/1", "0/2");
  }

  @Test
  void whoStartsAloneBeginsAnew() {
    // Given
    open("answering");
    open("learning");
    apply(0, 7);

    // When
    log.close("answering");
    log.close("learning");
    open("answering");
    apply(0, 3);

    // Then
    assertThat(filled).containsExactly("0/3");
  }

  private void open(String reader) {
    log.open(reader, filled::clear);
  }

  private void apply(int partition, long offset) {
    log.apply(partition, offset, () -> filled.add(partition + "/" + offset));
  }
}
