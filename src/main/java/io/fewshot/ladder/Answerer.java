package io.fewshot.ladder;

import java.util.List;

/** Answers batches of messages. Safe for use by several threads. */
public interface Answerer {

  /**
   * Answers each message, in the order given.
   *
   * @throws NotReadyException when the messages should wait: a model is still loading or cannot be
   *     had
   * @throws RuntimeException when a message in the batch cannot be answered; which one is found by
   *     asking again with fewer
   */
  List<Answer> answer(List<Message> batch);

  /** The messages are fine, but what should answer them is not there yet. */
  class NotReadyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public NotReadyException(String message) {
      super(message);
    }
  }
}
