package io.fewshot.prompt;

/**
 * A task definition that cannot be used; the message is one line that says what is wrong and what
 * is allowed.
 */
public final class InvalidTaskException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public InvalidTaskException(String message) {
    super(message);
  }
}
