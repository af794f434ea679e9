package io.fewshot.ops;

/** A setting is missing or makes no sense; the message is one line and says what to do. */
public final class SettingsException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public SettingsException(String message) {
    super(message);
  }
}
