package io.fewshot.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fewshot.event.internal.EncodedExample;
import io.fewshot.event.internal.SeenHeader;
import io.fewshot.event.internal.SeenMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.common.serialization.Serde;
import org.junit.jupiter.api.Test;

class InternalSerdeTest {

  @Test
  void aVectorSurvivesBitForBit() {
    // Given
    float[] vector = {1f, -0f, Float.MIN_VALUE, 1e30f};
    EncodedExample example =
        EncodedExample.newBuilder()
            .setTask("t")
            .setExampleId("e")
            .setInput("i")
            .setOutput("o")
            .setSource("import")
            .setLabeler("")
            .setCreatedAt(Instant.ofEpochMilli(5))
            .setEncodedBy("bge")
            .setVector(InternalSerde.bytes(vector))
            .build();
    Serde<EncodedExample> serde = InternalSerde.encodedExample();

    // When
    byte[] bytes = serde.serializer().serialize("x", example);
    EncodedExample read = serde.deserializer().deserialize("x", bytes);

    // Then
    assertThat(read).isEqualTo(example);
    assertThat(InternalSerde.vector(read.getVector())).containsExactly(vector);
    assertThat(InternalSerde.bytes(new float[] {1f}).array())
        .as("little-endian")
        .containsExactly(0, 0, 0x80, 0x3f);
  }

  @Test
  void aSeenMessageKeepsKeyAndRepeatedHeaders() {
    SeenMessage seen =
        SeenMessage.newBuilder()
            .setQueryId("q")
            .setTask("t")
            .setText("x")
            .setKey(ByteBuffer.wrap(new byte[] {0, -1}))
            .setHeaders(
                List.of(
                    new SeenHeader("traceparent", ByteBuffer.wrap(new byte[] {1})),
                    new SeenHeader("traceparent", null)))
            .setDryRun(true)
            .setTimestamp(Instant.ofEpochMilli(7))
            .build();
    Serde<SeenMessage> serde = InternalSerde.seenMessage();

    assertThat(serde.deserializer().deserialize("x", serde.serializer().serialize("x", seen)))
        .isEqualTo(seen);
  }

  @Test
  void whatAnybodyWroteIsRefusedWithoutAllocatingWhatItClaims() {
    // Given bytes that claim a text of two gigabytes, and others
    SeenMessage seen =
        SeenMessage.newBuilder()
            .setQueryId("q")
            .setTask("t")
            .setText("x")
            .setTimestamp(Instant.ofEpochMilli(7))
            .build();
    Serde<SeenMessage> serde = InternalSerde.seenMessage();
    byte[] good = serde.serializer().serialize("x", seen);
    byte[] bomb = Arrays.copyOf(good, good.length + 8);
    byte[] length = {(byte) 0xF0, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F};
    System.arraycopy(length, 0, bomb, 10, length.length);

    for (byte[] bytes : List.of(bomb, new byte[0], new byte[] {1}, Arrays.copyOf(good, 11))) {
      assertThatThrownBy(() -> serde.deserializer().deserialize("x", bytes))
          .isInstanceOf(UndecodableException.class);
    }
  }

  @Test
  void whatTheVersionBeforeSawIsStillKnown() throws IOException {
    // Given a message as the first version wrote it, before there were audits
    Schema before;
    try (InputStream in = InternalSerde.class.getResourceAsStream("SeenMessage-1.avsc")) {
      before = new Schema.Parser().parse(in);
    }
    assertThat(before.getFields()).extracting(Schema.Field::name).doesNotContain("audit", "output");
    GenericRecord record =
        new GenericRecordBuilder(before)
            .set("query_id", "q")
            .set("task", "t")
            .set("text", "where is my card")
            .set("key", ByteBuffer.wrap(new byte[] {4}))
            .set("dry_run", true)
            .set("timestamp", 7L)
            .build();
    byte[] written =
        new BinaryMessageEncoder<GenericRecord>(GenericData.get(), before).encode(record).array();

    // When
    SeenMessage read = InternalSerde.seenMessage().deserializer().deserialize("x", written);

    // Then
    assertThat(read)
        .isEqualTo(
            SeenMessage.newBuilder()
                .setQueryId("q")
                .setTask("t")
                .setText("where is my card")
                .setKey(ByteBuffer.wrap(new byte[] {4}))
                .setDryRun(true)
                .setTimestamp(Instant.ofEpochMilli(7))
                .build());
  }

  @Test
  void tombstonesStayTombstonesAndNoiseIsUndecodable() {
    Serde<SeenMessage> serde = InternalSerde.seenMessage();

    assertThat(serde.serializer().serialize("x", null)).isNull();
    assertThat(serde.deserializer().deserialize("x", null)).isNull();
    assertThatThrownBy(() -> serde.deserializer().deserialize("x", new byte[] {1, 2, 3}))
        .isInstanceOf(UndecodableException.class);
  }
}
