package io.fewshot.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AvroCodecTest {

  private static final String TOPIC = "fewshot.queries";

  private FakeRegistry server;
  private Codecs codecs;
  private RecordCodec<Query> queries;

  @BeforeEach
  void start() throws Exception {
    server = FakeRegistry.start();
    codecs =
        Codecs.of(Map.of("schema.registry.url", server.url(), "schema.registry.attempts", "1"));
    queries = codecs.codec(Query.class);
  }

  @AfterEach
  void stop() {
    codecs.close();
    server.close();
  }

  private static Query query(String text) {
    return Query.newBuilder()
        .setQueryId("q1")
        .setTask("support-intent")
        .setText(text)
        .setAttributes(Map.of("channel", "chat"))
        .setCreatedAt(Instant.ofEpochMilli(1234))
        .build();
  }

  private Query decode(byte[] bytes) {
    return queries.decode(TOPIC, new RecordHeaders(), bytes);
  }

  @Test
  void whatIsWrittenIsReadBack() {
    Query query = query("Where is my money? 我的钱呢?");

    byte[] bytes = queries.encode(TOPIC, query);

    assertThat(bytes).startsWith(0, 0, 0, 0, 1);
    assertThat(decode(bytes)).isEqualTo(query);
    assertThat(decode(bytes).getAttributes()).containsOnlyKeys("channel");
  }

  @Test
  void theTextOfTheFileIsRegistered() {
    queries.encode(TOPIC, query("x"));

    assertThat(server.schemas.get(1))
        .isEqualTo(Schemas.text(Query.class))
        .doesNotContain("avro.java.string");
  }

  @Test
  void loneSurrogatesBecomeQuestionMarksAndNothingElseChanges() {
    Query read = decode(queries.encode(TOPIC, query("a\uD800b\uDC00 \u0000\u0007😀")));

    assertThat(read.getText()).isEqualTo("a?b? \u0000\u0007😀");
  }

  @Test
  void oneMegabyteOfTextPasses() {
    String text = "é".repeat(1 << 19);

    assertThat(decode(queries.encode(TOPIC, query(text))).getText()).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "00", "00000000", "0100000001", "7b22", "0000000001"})
  void whatIsTooShortOrHasNoMagicByteIsUndecodable(String hex) {
    queries.encode(TOPIC, query("x"));
    byte[] bytes = java.util.HexFormat.of().parseHex(hex);

    assertThatThrownBy(() -> decode(bytes)).isInstanceOf(UndecodableException.class);
  }

  @Test
  void bytesAfterTheEndAreUndecodable() {
    byte[] bytes = queries.encode(TOPIC, query("x"));

    assertThatThrownBy(() -> decode(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOf(UndecodableException.class)
        .hasMessageContaining("1 bytes follow");
  }

  @Test
  void everyCutIsUndecodable() {
    byte[] bytes = queries.encode(TOPIC, query("some text"));

    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> decode(cut)).isInstanceOf(UndecodableException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "feffffff0f", // a string of 2^31 - 1 bytes
        "feffffffffffffffff01", // of 2^63 - 1
        "01", // of -1
        "ffffffffffffffffffffff", // a number without end
        "02610262026380ffffff0f" // a map of nearly 2^31 entries, after three strings
      })
  void absurdLengthsAllocateNothing(String body) {
    queries.encode(TOPIC, query("x"));
    byte[] bytes = java.util.HexFormat.of().parseHex("0000000001" + body);

    assertThatThrownBy(() -> decode(bytes)).isInstanceOf(UndecodableException.class);
  }

  @Test
  void anArrayOfTooManyEmptyItemsIsUndecodable() {
    server.schemas.put(1, "{\"type\":\"array\",\"items\":\"null\"}");
    ByteBuffer bytes = ByteBuffer.allocate(16).put((byte) 0).putInt(1);
    bytes.put(java.util.HexFormat.of().parseHex("feffffffffffffff0f00"));

    assertThatThrownBy(() -> decode(Arrays.copyOf(bytes.array(), bytes.position())))
        .isInstanceOf(UndecodableException.class);
  }

  @Test
  void noiseNeverEndsInAnotherException() {
    byte[] good = queries.encode(TOPIC, query("some text"));
    Random random = new Random(1);

    for (int i = 0; i < 2000; i++) {
      byte[] noise = good.clone();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        noise[5 + random.nextInt(noise.length - 5)] = (byte) random.nextInt();
      }
      try {
        assertThat(decode(noise)).isNotNull();
      } catch (UndecodableException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
  }

  @Test
  void anUnknownIdAndADeadRegistryAreToldApart() {
    byte[] unknown = {0, 0, 0, 0, 99, 0};
    assertThatThrownBy(() -> decode(unknown)).isInstanceOf(UnknownSchemaException.class);

    // Another id: what was refused a moment ago is not asked for again.
    byte[] unasked = {0, 0, 0, 0, 98, 0};
    server.close();
    assertThatThrownBy(() -> decode(unasked)).isInstanceOf(RegistryUnavailableException.class);
  }

  @Test
  void aWriterWithMoreAndOtherFieldsIsUnderstood() throws Exception {
    // Given: a producer of another version, without attributes and with a field of its own
    Schema writer =
        new Schema.Parser()
            .parse(
                """
                {"type":"record","name":"Query","namespace":"io.fewshot.event","fields":[
                {"name":"priority","type":"int"},{"name":"text","type":"string"},
                {"name":"task","type":"string"},{"name":"query_id","type":"string"}]}""");
    server.schemas.put(5, writer.toString());
    GenericRecord record = new GenericData.Record(writer);
    record.put("priority", 3);
    record.put("text", "hello");
    record.put("task", "t");
    record.put("query_id", "q");

    // When
    Query read = decode(bytes(5, writer, record));

    // Then
    assertThat(read)
        .isEqualTo(
            Query.newBuilder()
                .setQueryId("q")
                .setTask("t")
                .setText("hello")
                .setAttributes(Map.of())
                .build());
  }

  @Test
  void anUnknownSymbolBecomesTheEnumsDefault() throws Exception {
    // Given
    Schema writer =
        new Schema.Parser()
            .parse(Schemas.text(RetrainRequest.class).replace("\"HEAD\"", "\"HEAD\",\"PREFIX\""));
    server.schemas.put(5, writer.toString());
    GenericRecord record = new GenericData.Record(writer);
    record.put("task", "t");
    record.put("method", new GenericData.EnumSymbol(writer.getField("method").schema(), "PREFIX"));
    record.put("reason", "r");

    // When
    RetrainRequest read =
        codecs
            .codec(RetrainRequest.class)
            .decode("fewshot.retrain", new RecordHeaders(), bytes(5, writer, record));

    // Then
    assertThat(read.getMethod()).isEqualTo(Method.AUTO);
  }

  @Test
  void aRecordOfAnotherKindIsUndecodable() {
    RecordCodec<Correction> corrections = codecs.codec(Correction.class);
    byte[] correction =
        corrections.encode(
            "fewshot.corrections",
            Correction.newBuilder().setQueryId("q").setOutput("o").setLabeler("l").build());

    assertThatThrownBy(() -> decode(correction)).isInstanceOf(UndecodableException.class);
  }

  @Test
  void everyRecordOfATopicSurvives() {
    Result result =
        Result.newBuilder()
            .setQueryId("q")
            .setTask("t")
            .setStatus(Status.NEEDS_REVIEW)
            .setConfidence(0.25)
            .setCandidates(List.of(new Candidate("a", 0.25), new Candidate("b", 0.125)))
            .setRung("neighbours")
            .setExampleIds(List.of("e1"))
            .setModelVersion("m")
            .setPromptTokens(1)
            .setTruncated(true)
            .setLatencyMs(Long.MAX_VALUE)
            .build();
    RecordCodec<Result> results = codecs.codec(Result.class);

    Result read =
        results.decode(
            "fewshot.results", new RecordHeaders(), results.encode("fewshot.results", result));

    assertThat(read).isEqualTo(result);
    assertThat(read.getOutput()).isNull();
    assertThat(read.getCandidates().get(0).getOutput()).isEqualTo("a");
  }

  private static byte[] bytes(int id, Schema schema, GenericRecord record) throws Exception {
    java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
    out.write(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(schema).write(record, encoder);
    return out.toByteArray();
  }
}
