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

  /** Without a stack trace: a thousand records may ask for the same schema again and again. */
  private RegistryUnavailableException(String message, boolean cheap) {
    super(message, cheap);
  }

  /** A schema that is being looked up in the background. */
  static RegistryUnavailableException pending(int id, @Nullable String failure) {
    return new RegistryUnavailableException(
        failure == null ? "the schema with id " + id + " is being looked up" : failure, true);
  }
}
