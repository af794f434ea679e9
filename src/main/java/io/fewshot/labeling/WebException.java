package io.fewshot.labeling;

/** A request that is refused, with the reason as people read it and as the page knows it. */
final class WebException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;

  /**
   * @param status of HTTP
   * @param code a word that the page translates
   * @param message in English, for other clients
   */
  WebException(int status, String code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }
}
