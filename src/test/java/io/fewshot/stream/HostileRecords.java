package io.fewshot.stream;

import io.fewshot.event.Topics;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * Records that no producer should write, and some that one may: drawn with a seed, so that what
 * went wrong can be drawn again. Sound records are given as seeds to be damaged.
 */
final class HostileRecords {

  private static final String[] KEYS = {
    "", "/", "a", "greet/", "greet/x", "/x", "refused/", "refused/greet", "greet", "é\u0000\n", "q1"
  };
  private static final long[] TIMES = {-1, 0, 1, 1_000, 1_600_000_000_000L, 1_767_225_600_000L};

  private final Random random;

  HostileRecords(long seed) {
    this.random = new Random(seed);
  }

  /**
   * The next record for a topic.
   *
   * @param sound values that services would take from this topic
   */
  ProducerRecord<byte[], byte[]> next(String topic, List<byte[]> sound) {
    RecordHeaders headers = new RecordHeaders();
    for (int i = random.nextInt(3); i > 0; i--) {
      String name = random.nextBoolean() ? HoldTasks.JUDGED : Topics.UNDO_HEADER;
      headers.add(random.nextInt(3) == 0 ? "x" : name, random.nextInt(4) == 0 ? null : bytes(20));
    }
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topic, null, null, key(), value(sound), headers);
    if (random.nextInt(4) == 0) {
      stamp(record, TIMES[random.nextInt(TIMES.length)]);
    }
    return record;
  }

  /** Kafka's producer refuses negative timestamps; clients in other languages do not. */
  private static void stamp(ProducerRecord<byte[], byte[]> record, long time) {
    try {
      Field field = ProducerRecord.class.getDeclaredField("timestamp");
      field.setAccessible(true);
      field.set(record, time);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("Kafka's producer has changed", e);
    }
  }

  private byte @Nullable [] key() {
    return switch (random.nextInt(4)) {
      case 0 -> null;
      case 1 -> bytes(random.nextInt(3) == 0 ? 30_000 : 40);
      default -> KEYS[random.nextInt(KEYS.length)].getBytes(StandardCharsets.UTF_8);
    };
  }

  private byte @Nullable [] value(List<byte[]> sound) {
    switch (random.nextInt(8)) {
      case 0:
        return null;
      case 1:
        return bytes(2_000);
      case 2:
        return framed(bytes(200), random.nextInt(40) - 5);
      case 3:
        // A length that no machine has memory for.
        return framed(
            new byte[] {-2, -1, -1, -1, -1, -1, -1, -1, -1, 1, 2, 3}, 1 + random.nextInt(12));
      default:
        return sound.isEmpty() ? bytes(100) : damaged(sound.get(random.nextInt(sound.size())));
    }
  }

  private byte[] damaged(byte[] sound) {
    byte[] value = sound.clone();
    int damage = random.nextInt(4);
    for (int i = 0; i < damage; i++) {
      value[random.nextInt(value.length)] = (byte) random.nextInt();
    }
    return random.nextInt(6) == 0
        ? java.util.Arrays.copyOf(value, random.nextInt(value.length + 5))
        : value;
  }

  private static byte[] framed(byte[] body, int id) {
    return ByteBuffer.allocate(5 + body.length).put((byte) 0).putInt(id).put(body).array();
  }

  private byte[] bytes(int limit) {
    byte[] bytes = new byte[random.nextInt(limit)];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Every topic's label. */
  static List<String> labels(Topics topics) {
    List<String> labels = new ArrayList<>();
    topics.all().forEach(topic -> labels.add(topic.label()));
    return labels;
  }
}
