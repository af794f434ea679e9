package io.fewshot.event;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;

/**
 * Makes the codecs of one process. The property {@code serde} names a class that implements Kafka's
 * {@link Serde}, for instance Confluent's; without it ours is used.
 */
public final class Codecs implements AutoCloseable {

  public static final String SERDE = "serde";

  private final Map<String, ?> properties;
  private final @Nullable Class<?> foreign;
  private final SchemaRegistry registry;
  private final @Nullable SchemaLookups lookups;
  private final List<Serde<?>> opened = new ArrayList<>();

  private Codecs(
      Map<String, ?> properties,
      @Nullable Class<?> foreign,
      SchemaRegistry registry,
      @Nullable SchemaLookups lookups) {
    TrustedRecords.trust();
    this.properties = properties;
    this.foreign = foreign;
    this.registry = registry;
    this.lookups = lookups;
  }

  /**
   * Codecs for these properties, which are those of {@link SchemaRegistry#of} and {@code serde}; a
   * foreign serde gets all of them.
   *
   * @throws IllegalArgumentException when they make no sense or the class is missing
   */
  public static Codecs of(Map<String, ?> properties) {
    Object name = properties.get(SERDE);
    Class<?> foreign = null;
    if (name != null && !name.toString().isBlank()) {
      try {
        foreign = Class.forName(name.toString().strip());
      } catch (ClassNotFoundException e) {
        throw new IllegalArgumentException(
            "the serde " + name + " is not on the class path: add its jar", e);
      }
      if (!Serde.class.isAssignableFrom(foreign)) {
        throw new IllegalArgumentException(
            name + " does not implement org.apache.kafka.common.serialization.Serde");
      }
    }
    return new Codecs(Map.copyOf(properties), foreign, SchemaRegistry.of(properties), null);
  }

  /**
   * Codecs over the same registry that never wait for it when they read: for stream threads. What
   * they do not know yet is asked for in the background, and decoding throws {@link
   * RegistryUnavailableException} until it is there. Closing them leaves these open.
   */
  public Codecs withoutWaiting() {
    return new Codecs(
        properties, foreign, registry, new SchemaLookups(registry, InstantSource.system()));
  }

  /** Why records wait for the registry now; null when none do, or when these codecs wait. */
  public @Nullable String failure() {
    return lookups == null ? null : lookups.failure();
  }

  /** The registry's client, shared by the codecs. */
  public SchemaRegistry registry() {
    return registry;
  }

  /** A codec for the values of a topic that holds such records. */
  public <T extends SpecificRecord> RecordCodec<T> codec(Class<T> record) {
    if (foreign != null) {
      RecordCodec<T> codec = new ForeignCodec<>(record, foreignSerde(foreign));
      return lookups == null ? codec : new PreparedCodec<>(codec, lookups);
    }
    return new AvroCodec<>(record, registry, lookups == null ? registry::schema : lookups::schema);
  }

  /** The same as Kafka's serde, for clients outside the processors. */
  public <T extends SpecificRecord> Serde<T> serde(Class<T> record) {
    return new RecordSerde<>(codec(record));
  }

  @SuppressWarnings("unchecked") // What comes out is checked record by record.
  private synchronized <T> Serde<T> foreignSerde(Class<?> foreign) {
    try {
      Serde<T> serde = (Serde<T>) foreign.getDeclaredConstructor().newInstance();
      Map<String, Object> given = new HashMap<>();
      // Confluent's needs to be told to use generated classes, and to write plain strings.
      given.put("specific.avro.reader", "true");
      given.put("avro.remove.java.properties", "true");
      given.putAll(properties);
      if (given.containsKey(RegistryConfig.USER_INFO)) {
        given.putIfAbsent("basic.auth.credentials.source", "USER_INFO");
      }
      serde.configure(given, false);
      opened.add(serde);
      return serde;
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("the serde " + foreign.getName() + " cannot be made", e);
    }
  }

  @Override
  public synchronized void close() {
    opened.forEach(Serde::close);
    opened.clear();
    if (lookups != null) {
      lookups.close();
    }
  }
}
