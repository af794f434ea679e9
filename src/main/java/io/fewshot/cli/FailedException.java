package io.fewshot.cli;

import org.jspecify.annotations.Nullable;

/** The command cannot do it: ends with status 1. The message is one line that says what to do. */
final class FailedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  FailedException(String message) {
    this(message, null);
  }

  FailedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
