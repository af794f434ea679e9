package io.fewshot.event;

import org.apache.kafka.common.header.Headers;

/**
 * Turns the values of topics into records and back. Safe for use by several threads.
 *
 * @param <T> the record's class
 */
public interface RecordCodec<T> {

  /**
   * Reads a record.
   *
   * @param value not null: what a tombstone means is the caller's matter
   * @throws UndecodableException when the bytes are no such record
   * @throws UnknownSchemaException when the registry does not know the schema's id
   * @throws RegistryUnavailableException when the registry cannot be asked, after a few attempts
   */
  T decode(String topic, Headers headers, byte[] value);

  /**
   * Writes a record. What UTF-8 cannot express, a lone surrogate, is written as {@code ?}.
   *
   * @throws SchemaRejectedException when the registry refuses the record's schema
   * @throws RegistryUnavailableException when the registry cannot be asked, after a few attempts
   */
  byte[] encode(String topic, T record);
}
