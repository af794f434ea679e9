package io.fewshot.event;

import java.io.IOException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;

/**
 * A codec over a serde of the user's choice. Serdes do not tell a registry that is down from bytes
 * that are wrong, except by what caused the exception.
 */
final class ForeignCodec<T> implements RecordCodec<T> {

  private final Class<T> type;
  private final Serde<T> serde;

  ForeignCodec(Class<T> type, Serde<T> serde) {
    this.type = type;
    this.serde = serde;
  }

  @Override
  public T decode(String topic, Headers headers, byte[] value) {
    Object record;
    try {
      record = serde.deserializer().deserialize(topic, headers, value);
    } catch (RuntimeException e) {
      throw classified("cannot read a record of " + topic, e);
    }
    if (!type.isInstance(record)) {
      throw new UndecodableException(
          "not a "
              + type.getSimpleName()
              + " but "
              + (record == null ? "nothing" : "a " + record.getClass().getName()));
    }
    return type.cast(record);
  }

  @Override
  public byte[] encode(String topic, T record) {
    try {
      return serde.serializer().serialize(topic, record);
    } catch (RuntimeException e) {
      RecordException classified = classified("cannot write a record of " + topic, e);
      throw classified instanceof UndecodableException
          ? new SchemaRejectedException(String.valueOf(classified.getMessage()), e)
          : classified;
    }
  }

  /** What an exception of an unknown serde most likely means. */
  static RecordException classified(String what, RuntimeException exception) {
    if (exception instanceof RecordException ours) {
      return ours;
    }
    String message = what + ": " + exception.getMessage();
    for (Throwable cause = exception; cause != null; cause = next(cause)) {
      String text = String.valueOf(cause.getMessage());
      if (text.contains("40403") || text.contains("error code: 404")) {
        return new UnknownSchemaException(message, exception);
      }
      if (text.contains("error code: 409") || text.contains("error code: 422")) {
        return new SchemaRejectedException(message, exception);
      }
      // Confluent's RestClientException is an IOException too, and its code says which kind. An
      // EOFException comes from bytes that end too early, not from the network.
      if (cause instanceof IOException && !(cause instanceof java.io.EOFException)) {
        return new RegistryUnavailableException(message, exception);
      }
    }
    return new UndecodableException(message, exception);
  }

  private static @Nullable Throwable next(Throwable cause) {
    return cause.getCause() == cause ? null : cause.getCause();
  }
}
