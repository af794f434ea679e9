package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RecordBufferTest {

  private final BufferBudget budget = new BufferBudget(1_000_000);
  private KeyValueStore<Long, byte[]> store;

  @BeforeEach
  void openStore() {
    store = RecordBuffer.store("room", 1_000_000).withLoggingDisabled().build();
    store.init(new MockProcessorContext<Void, Void>().getStateStoreContext(), store);
  }

  @Test
  void aRecordComesBackAsItWas() {
    RecordHeaders headers = new RecordHeaders();
    headers.add("a", bytes("1")).add("a", null).add("ü", bytes("2"));
    RawRecord raw = new RawRecord("topic", 3, 42, 1234, bytes("key"), null, headers);

    BufferedRecord back = BufferedRecord.fromBytes(new BufferedRecord(raw, 99).toBytes());

    assertThat(back.arrivedAt()).isEqualTo(99);
    assertThat(back.raw()).usingRecursiveComparison().isEqualTo(raw);
    assertThat(back.raw().value()).isNull();
  }

  @Test
  void thoseLeftBehindByACrashWaitInTheNextRoom() {
    RecordBuffer<BufferedRecord> room = new RecordBuffer<>(store, budget, record -> record);
    // Not in the order in which the store would sort them as text or as signed bytes.
    for (long offset : new long[] {300, 2, 100_000, 1}) {
      room.add(record(offset));
    }
    room.remove(2);

    RecordBuffer<BufferedRecord> next = new RecordBuffer<>(store, budget, record -> record);

    assertThat(next.inOrder())
        .extracting(waiting -> waiting.raw().offset())
        .containsExactly(1L, 300L, 100_000L);
    next.inOrder().forEach(waiting -> next.remove(waiting.raw().offset()));
    assertThat(new RecordBuffer<>(store, budget, record -> record).size()).isZero();
  }

  @Test
  void whatCannotBeReadIsPassedOverAndStopsNoRestart() {
    store.put(1L, new byte[] {1, 2, 3});
    store.put(2L, record(2).toBytes());

    RecordBuffer<BufferedRecord> buffer = new RecordBuffer<>(store, budget, record -> record);

    assertThat(buffer.inOrder()).extracting(record -> record.raw().offset()).containsExactly(2L);
    assertThat(store.get(1L)).isNull();
  }

  @Test
  void theBatchFollowsWhatAMessageCosts() {
    BatchSizer sizer = new BatchSizer(64, 1000);
    assertThat(sizer.size()).isEqualTo(8);

    sizer.took(8, 8_000_000);
    assertThat(sizer.size()).as("cheap: at most double").isEqualTo(16);
    sizer.took(16, 8_000_000_000L);
    assertThat(sizer.size()).as("500 ms each").isEqualTo(2);
    sizer.took(2, 20_000_000_000L);
    assertThat(sizer.size()).as("never none").isEqualTo(1);
  }

  @Test
  void auditsDrawTheirShareAndTheSameOnesAgain() {
    long drawn = 0;
    for (long offset = 0; offset < 20_000; offset++) {
      RawRecord raw = record(offset).raw();
      boolean draws = Audit.draws(raw, 0.02);
      assertThat(Audit.draws(raw, 0.02)).isEqualTo(draws);
      assertThat(Audit.draws(raw, 0)).isFalse();
      assertThat(Audit.draws(raw, 1)).isTrue();
      drawn += draws ? 1 : 0;
    }
    // Four standard deviations around 400.
    assertThat(drawn).isBetween(320L, 480L);
  }

  private static BufferedRecord record(long offset) {
    return new BufferedRecord(
        new RawRecord("t", 0, offset, 0, null, bytes("v"), new RecordHeaders()), 7);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
