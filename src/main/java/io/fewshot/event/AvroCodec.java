package io.fewshot.event;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.apache.avro.NameValidator;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.header.Headers;

/**
 * Our own codec for the Confluent wire format: the byte 0, the schema's id as four bytes with the
 * highest first, then the record in Avro's binary form. The writer's schema comes from the
 * registry, the reader's is the generated class's, and Avro's rules resolve the difference.
 */
final class AvroCodec<T extends SpecificRecord> implements RecordCodec<T> {

  private static final byte MAGIC = 0;
  private static final int HEADER = 5;

  private final Class<T> type;
  private final SchemaRegistry registry;
  private final IntFunction<String> schemas;
  private final SpecificData model;
  private final Schema reader;
  private final String text;

  /** Of writers' schemas; their number is that of the schema's versions. */
  private final Map<Integer, Schema> writers = new ConcurrentHashMap<>();

  AvroCodec(Class<T> type, SchemaRegistry registry) {
    this(type, registry, registry::schema);
  }

  /**
   * @param schemas gives the text of a writer's schema by its id, or throws as the registry does
   */
  AvroCodec(Class<T> type, SchemaRegistry registry, IntFunction<String> schemas) {
    this.type = type;
    this.registry = registry;
    this.schemas = schemas;
    this.model = SpecificData.getForClass(type);
    this.reader = model.getSchema(type);
    this.text = Schemas.text(type);
  }

  @Override
  public T decode(String topic, Headers headers, byte[] value) {
    if (value.length < HEADER || value[0] != MAGIC) {
      throw new UndecodableException(
          "not in the Confluent wire format: "
              + (value.length < HEADER
                  ? value.length + " bytes"
                  : "it begins with the byte " + (value[0] & 0xFF) + " and not with 0"));
    }
    Schema writer = writer(ByteBuffer.wrap(value).getInt(1));
    AvroShape.check(writer, value, HEADER);
    BinaryDecoder decoder =
        DecoderFactory.get().binaryDecoder(value, HEADER, value.length - HEADER, null);
    try {
      return type.cast(new SpecificDatumReader<T>(writer, reader, model).read(null, decoder));
    } catch (IOException | RuntimeException e) {
      // Whatever it is: a schema that the registry took may still be one that Avro chokes on.
      throw new UndecodableException(
          "not readable as " + type.getSimpleName() + ": " + e.getMessage(), e);
    }
  }

  private Schema writer(int id) {
    Schema known = writers.get(id);
    if (known != null) {
      return known;
    }
    String schema = schemas.apply(id);
    try {
      // Other languages are laxer with names than Java; what counts is that the fields match.
      Schema parsed =
          new Schema.Parser(NameValidator.NO_VALIDATION).setValidateDefaults(false).parse(schema);
      writers.put(id, parsed);
      return parsed;
    } catch (RuntimeException | StackOverflowError e) {
      throw new UndecodableException("the schema with id " + id + " is not Avro", e);
    }
  }

  @Override
  public byte[] encode(String topic, T record) {
    int id = registry.register(topic + "-value", text);
    ByteArrayOutputStream out = new ByteArrayOutputStream(256);
    out.write(MAGIC);
    out.writeBytes(ByteBuffer.allocate(4).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
    try {
      new SpecificDatumWriter<T>(reader, model).write(record, encoder);
      encoder.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return out.toByteArray();
  }
}
