package io.fewshot.embedded;

import org.jspecify.annotations.Nullable;

/** A part of the embedded mode cannot run; the message is one line and says what to do. */
public final class EmbeddedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public EmbeddedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
