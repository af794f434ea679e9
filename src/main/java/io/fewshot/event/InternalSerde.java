package io.fewshot.event;

import io.fewshot.event.internal.AuditOutcome;
import io.fewshot.event.internal.CorrectedMessage;
import io.fewshot.event.internal.CorrectionOutcome;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.event.internal.Vote;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.message.SchemaStore;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Serde for records of internal topics and stores, in Avro's single-object encoding: two marker
 * bytes, the schema's fingerprint, the record. Needs no registry, so a store restores without one.
 *
 * <p>Reading throws {@link UndecodableException}; null stays null both ways.
 */
public final class InternalSerde<T> implements Serde<T> {

  private static final int MARKER = 2;
  private static final int HEADER = MARKER + Long.BYTES;

  private final BinaryMessageEncoder<T> encoder;
  private final BinaryMessageDecoder<T> decoder;

  /** By their fingerprints. */
  private final Map<Long, Schema> schemas = new HashMap<>();

  private InternalSerde(
      BinaryMessageEncoder<T> encoder, BinaryMessageDecoder<T> decoder, Schema... schemas) {
    TrustedRecords.trust();
    this.encoder = encoder;
    this.decoder = decoder;
    for (Schema schema : schemas) {
      this.schemas.put(SchemaNormalization.parsingFingerprint64(schema), schema);
    }
  }

  public static Serde<EncodedExample> encodedExample() {
    return new InternalSerde<>(
        EncodedExample.getEncoder(),
        EncodedExample.createDecoder(none()),
        EncodedExample.getClassSchema());
  }

  /** Reads what earlier versions wrote, too: it lies in topic and store for seven days. */
  public static Serde<SeenMessage> seenMessage() {
    BinaryMessageDecoder<SeenMessage> decoder = SeenMessage.createDecoder(none());
    Schema first = earlier("SeenMessage-1.avsc");
    decoder.addSchema(first);
    return new InternalSerde<>(
        SeenMessage.getEncoder(), decoder, SeenMessage.getClassSchema(), first);
  }

  private static Schema earlier(String resource) {
    try (InputStream in =
        Objects.requireNonNull(InternalSerde.class.getResourceAsStream(resource), resource)) {
      return new Schema.Parser().parse(in);
    } catch (IOException e) {
      throw new UncheckedIOException(resource, e);
    }
  }

  public static Serde<CorrectedMessage> correctedMessage() {
    return new InternalSerde<>(
        CorrectedMessage.getEncoder(),
        CorrectedMessage.createDecoder(none()),
        CorrectedMessage.getClassSchema());
  }

  public static Serde<AuditOutcome> auditOutcome() {
    return new InternalSerde<>(
        AuditOutcome.getEncoder(),
        AuditOutcome.createDecoder(none()),
        AuditOutcome.getClassSchema());
  }

  public static Serde<Vote> vote() {
    return new InternalSerde<>(
        Vote.getEncoder(), Vote.createDecoder(none()), Vote.getClassSchema());
  }

  public static Serde<CorrectionOutcome> correctionOutcome() {
    return new InternalSerde<>(
        CorrectionOutcome.getEncoder(),
        CorrectionOutcome.createDecoder(none()),
        CorrectionOutcome.getClassSchema());
  }

  /** For any record that is written in a store: a query that waits, for instance. */
  public static Serde<Query> query() {
    return new InternalSerde<>(
        Query.getEncoder(), Query.createDecoder(none()), Query.getClassSchema());
  }

  private static SchemaStore none() {
    return new SchemaStore.Cache();
  }

  /** A vector as the bytes of its little-endian 32-bit floats. */
  public static ByteBuffer bytes(float[] vector) {
    ByteBuffer bytes =
        ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return bytes;
  }

  /** The vector of {@link #bytes}; the buffer's position stays. */
  public static float[] vector(ByteBuffer bytes) {
    float[] vector = new float[bytes.remaining() / Float.BYTES];
    bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(vector);
    return vector;
  }

  @Override
  public Serializer<T> serializer() {
    return new Writer();
  }

  @Override
  public Deserializer<T> deserializer() {
    return new Reader();
  }

  private final class Writer implements Serializer<T> {

    @Override
    @SuppressWarnings("NullAway") // Kafka's own interface is not annotated: null is a tombstone.
    public byte[] serialize(String topic, @Nullable T record) {
      if (record == null) {
        return null;
      }
      try {
        ByteBuffer buffer = encoder.encode(record);
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
      } catch (IOException e) {
        throw new UncheckedIOException("writing to memory failed", e);
      }
    }
  }

  /** A length that the bytes cannot hold would make the decoder allocate gigabytes. */
  private void checkShape(byte[] value) {
    if (value.length >= HEADER) {
      long fingerprint = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong(MARKER);
      Schema schema = schemas.get(fingerprint);
      if (schema != null) {
        AvroShape.check(schema, value, HEADER);
      }
    }
  }

  private final class Reader implements Deserializer<T> {

    @Override
    public @Nullable T deserialize(String topic, byte @Nullable [] value) {
      if (value == null) {
        return null;
      }
      try {
        checkShape(value);
        return decoder.decode(value);
      } catch (IOException | RuntimeException e) {
        // Whatever it is: anybody may have written it, and who reads it must go on.
        throw new UndecodableException("not an internal record: " + e.getMessage(), e);
      }
    }
  }
}
