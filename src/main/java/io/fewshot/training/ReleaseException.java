package io.fewshot.training;

import org.jspecify.annotations.Nullable;

/** A release cannot be had or used. The message is one line. */
public final class ReleaseException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public ReleaseException(String message) {
    this(message, null);
  }

  public ReleaseException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
