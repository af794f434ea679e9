package io.fewshot.event;

import org.jspecify.annotations.Nullable;

/** A record could not be read or written; the subclass says what to do about it. */
public abstract sealed class RecordException extends RuntimeException
    permits UndecodableException,
        UnknownSchemaException,
        RegistryUnavailableException,
        SchemaRejectedException {

  private static final long serialVersionUID = 1L;

  RecordException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  RecordException(String message, boolean withoutTrace) {
    super(message, null, !withoutTrace, !withoutTrace);
  }
}
