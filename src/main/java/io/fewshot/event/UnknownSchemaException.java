package io.fewshot.event;

import org.jspecify.annotations.Nullable;

/** The registry answers, and has no schema of the id that the record names. */
public final class UnknownSchemaException extends RecordException {

  private static final long serialVersionUID = 1L;

  public UnknownSchemaException(String message) {
    this(message, null);
  }

  public UnknownSchemaException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
