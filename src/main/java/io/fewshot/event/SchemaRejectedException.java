package io.fewshot.event;

import org.jspecify.annotations.Nullable;

/** The registry refuses a schema, as incompatible with earlier ones or as invalid. */
public final class SchemaRejectedException extends RecordException {

  private static final long serialVersionUID = 1L;

  public SchemaRejectedException(String message) {
    this(message, null);
  }

  public SchemaRejectedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
