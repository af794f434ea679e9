package io.fewshot.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UnreadRecordsTest {

  private final Set<Integer> known = new HashSet<>(Set.of(1));
  private final List<Long> dealtWith = new ArrayList<>();
  private int asked;
  private long offset;

  private UnreadRecords unread(List<BufferedRecord> restored) {
    return new UnreadRecords(this::read, restored);
  }

  private boolean read(BufferedRecord record) {
    asked++;
    if (known.contains(QueryReader.schemaId(record.raw()))) {
      dealtWith.add(record.raw().offset());
      return true;
    }
    return false;
  }

  private BufferedRecord record(@Nullable String key, int schema) {
    byte[] value = ByteBuffer.allocate(6).put((byte) 0).putInt(schema).array();
    byte[] bytes = key == null ? null : key.getBytes(UTF_8);
    return new BufferedRecord(
        new RawRecord("t", 0, offset++, 1, bytes, value, new RecordHeaders()), 1);
  }

  @Test
  void thoseBehindTheSameKeyWaitAndNobodyElse() {
    UnreadRecords unread = unread(List.of());

    assertThat(unread.read(record("a", 2))).isFalse();
    assertThat(unread.read(record("a", 1))).isFalse();
    assertThat(unread.read(record("b", 1))).isTrue();
    assertThat(unread.read(record(null, 2))).isFalse();
    assertThat(unread.read(record(null, 1))).isTrue();
    assertThat(unread.read(record("a", 3))).isFalse();
    assertThat(unread.read(record("a", 1))).isFalse();
    assertThat(dealtWith).containsExactly(2L, 4L);

    // When the first schema is there, those behind go up to the next that waits
    known.add(2);
    unread.readAgain(100);
    assertThat(dealtWith).containsExactly(2L, 4L, 0L, 1L, 3L);
    known.add(3);
    unread.readAgain(100);
    assertThat(dealtWith).endsWith(5L, 6L);
    assertThat(unread.schemas()).isEmpty();
    assertThat(unread.read(record("a", 1))).isTrue();
  }

  @Test
  void aSchemaIsAskedAboutOnceATimeWhateverWaitsForIt() {
    UnreadRecords unread = unread(List.of());
    for (int i = 0; i < 1_000; i++) {
      unread.read(record("k" + i, 2));
    }
    unread.read(record("other", 3));
    asked = 0;

    unread.readAgain(100);
    assertThat(asked).isEqualTo(2);

    known.add(2);
    for (int tick = 0; tick < 11; tick++) {
      unread.readAgain(100);
    }
    assertThat(dealtWith).hasSize(1_000).isSorted();
  }

  @Test
  void whatARestartLeftIsReadBeforeWhatComes() {
    UnreadRecords unread = unread(List.of(record("a", 2), record("a", 1), record("b", 1)));
    assertThat(asked).as("nothing can be forwarded yet").isZero();

    assertThat(unread.read(record("a", 1))).isFalse();

    assertThat(dealtWith).containsExactly(2L);
    known.add(2);
    unread.readAgain(100);
    assertThat(dealtWith).containsExactly(2L, 0L, 1L, 3L);
  }
}
