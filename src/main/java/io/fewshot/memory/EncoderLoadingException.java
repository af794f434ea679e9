package io.fewshot.memory;

/** An encoder is on its way, or could not be had so far: what needs it is to wait. */
public final class EncoderLoadingException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  EncoderLoadingException(String message) {
    super(message, null, false, false);
  }
}
