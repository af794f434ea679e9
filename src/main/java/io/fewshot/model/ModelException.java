package io.fewshot.model;

import org.jspecify.annotations.Nullable;

/**
 * A model could not be had, loaded or computed with; the message is one line that says what to do.
 */
public class ModelException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public ModelException(String message) {
    super(message);
  }

  public ModelException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
