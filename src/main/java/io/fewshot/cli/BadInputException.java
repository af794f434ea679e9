package io.fewshot.cli;

/**
 * Wrong use or bad input: ends the command with status 2. The message is one line that says what to
 * do.
 */
final class BadInputException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  BadInputException(String message) {
    super(message);
  }
}
