package io.fewshot.event;

import org.jspecify.annotations.Nullable;

/** The registry cannot be asked at the moment: the record is to wait. */
public final class RegistryUnavailableException extends RecordException {

  private static final long serialVersionUID = 1L;

  public RegistryUnavailableException(String message) {
    this(message, null);
  }

  public RegistryUnavailableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
