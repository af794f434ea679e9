package io.fewshot.event;

import org.jspecify.annotations.Nullable;

/** The bytes are not a record of the wanted type and never will be. */
public final class UndecodableException extends RecordException {

  private static final long serialVersionUID = 1L;

  public UndecodableException(String message) {
    this(message, null);
  }

  public UndecodableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
