package io.fewshot.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.util.Map;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.Test;

class ForeignCodecTest {

  /** Writes only the id, and remembers what it was configured with. */
  public static final class IdSerde implements Serde<Object> {

    private Map<String, ?> given = Map.of();

    @Override
    public void configure(Map<String, ?> configs, boolean isKey) {
      given = configs;
    }

    @Override
    public Serializer<Object> serializer() {
      return (topic, record) -> ((Query) record).getQueryId().getBytes();
    }

    @Override
    public Deserializer<Object> deserializer() {
      return (topic, bytes) ->
          switch (new String(bytes)) {
            case "down" -> throw new SerializationException("x", new ConnectException("refused"));
            case "unknown" ->
                throw new SerializationException(
                    "x", new IOException("Schema 9 not found; error code: 40403"));
            case "short" -> throw new SerializationException("x", new EOFException());
            case "noise" -> throw new SerializationException("Unknown magic byte!");
            case "another" ->
                Correction.newBuilder().setQueryId("q").setOutput("o").setLabeler("l").build();
            case "nothing" -> null;
            default ->
                Query.newBuilder()
                    .setQueryId(new String(bytes))
                    .setTask("" + given.get("specific.avro.reader"))
                    .setText(given.get("basic.auth.credentials.source") + " " + given.get("avro.x"))
                    .build();
          };
    }
  }

  private static final Map<String, String> PROPERTIES =
      Map.of(
          "serde", IdSerde.class.getName(),
          "schema.registry.url", "http://localhost:1",
          "basic.auth.user.info", "ann:pass",
          "avro.x", "y");

  private final RecordCodec<Query> codec = Codecs.of(PROPERTIES).codec(Query.class);

  private Query decode(String bytes) {
    return codec.decode("t", new RecordHeaders(), bytes.getBytes());
  }

  @Test
  void theSerdeOfTheUsersChoiceIsUsedAndToldWhatItNeeds() {
    Query query = Query.newBuilder().setQueryId("q7").setTask("").setText("").build();

    Query read = codec.decode("t", new RecordHeaders(), codec.encode("t", query));

    assertThat(read.getQueryId()).isEqualTo("q7");
    assertThat(read.getTask()).isEqualTo("true");
    assertThat(read.getText()).isEqualTo("USER_INFO y");
  }

  @Test
  void itsExceptionsAreToldApart() {
    assertThatThrownBy(() -> decode("down")).isInstanceOf(RegistryUnavailableException.class);
    assertThatThrownBy(() -> decode("unknown")).isInstanceOf(UnknownSchemaException.class);
    assertThatThrownBy(() -> decode("short")).isInstanceOf(UndecodableException.class);
    assertThatThrownBy(() -> decode("noise")).isInstanceOf(UndecodableException.class);
    assertThatThrownBy(() -> decode("another")).isInstanceOf(UndecodableException.class);
    assertThatThrownBy(() -> decode("nothing")).isInstanceOf(UndecodableException.class);
  }

  @Test
  void aSerdeThatIsNoneIsSaid() {
    assertThatThrownBy(
            () -> Codecs.of(Map.of("serde", "no.such.Serde", "schema.registry.url", "http://x")))
        .hasMessageContaining("no.such.Serde")
        .hasMessageContaining("class path");
    assertThatThrownBy(
            () ->
                Codecs.of(
                    Map.of("serde", Serdes.class.getName(), "schema.registry.url", "http://x")))
        .hasMessageContaining("does not implement");
  }
}
