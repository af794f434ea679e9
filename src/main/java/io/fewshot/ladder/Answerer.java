package io.fewshot.ladder;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Answers batches of messages in two steps, since the rungs differ a hundredfold in cost: what the
 * cheap ones settle need not wait for the rest. Safe for use by several threads.
 */
public interface Answerer {

  /** How far a message has come. Belongs to one thread at a time. */
  interface Attempt {

    /** The answer, when no dearer rung needs to be asked. */
    Optional<Answer> settled();

    /**
     * The best answer that the rungs asked so far have, for when no other can be had: never
     * accepted. Empty when none of them has an opinion.
     */
    Optional<Answer> fallback();
  }

  /**
   * Asks the cheap rungs.
   *
   * @return an attempt for each message, in the order given
   * @throws NotReadyException when the messages should wait
   * @throws RuntimeException when a message in the batch cannot be answered; which one is found by
   *     asking again with fewer
   */
  List<Attempt> attempt(List<Message> batch);

  /**
   * Asks the rungs above about messages that are not settled.
   *
   * @param open what {@link #attempt} of this answerer gave; may be tried again after an exception
   * @return an answer for each, in the order given
   * @throws NotReadyException when the messages should wait: a model is still loading or cannot be
   *     had
   * @throws RuntimeException as above
   */
  List<Answer> finish(List<Attempt> open);

  /** Both steps in one. */
  default List<Answer> answer(List<Message> batch) {
    List<Attempt> attempts = attempt(batch);
    List<Attempt> open = attempts.stream().filter(a -> a.settled().isEmpty()).toList();
    Iterator<Answer> finished = (open.isEmpty() ? List.<Answer>of() : finish(open)).iterator();
    List<Answer> answers = new ArrayList<>();
    for (Attempt attempt : attempts) {
      answers.add(attempt.settled().orElseGet(finished::next));
    }
    return answers;
  }

  /** The messages are fine, but what should answer them is not there yet. */
  class NotReadyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean loading;

    public NotReadyException(String message) {
      this(message, false);
    }

    /**
     * @param loading whether it is on its way, rather than not to be had
     */
    public NotReadyException(String message, boolean loading) {
      super(message, null, false, false);
      this.loading = loading;
    }

    public boolean isLoading() {
      return loading;
    }
  }
}
