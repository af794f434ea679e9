package io.fewshot.model;

import java.util.List;

/**
 * Renders a conversation as the text that the model was tuned on. Safe for use by several threads.
 */
public interface ChatTemplate {

  /**
   * One turn.
   *
   * @param role {@code system}, {@code user} or {@code assistant}
   */
  record Turn(String role, String content) {}

  /**
   * A conversation's tokens.
   *
   * @param ids of the whole prompt
   * @param stable for each turn how many tokens at the front stay the same whatever this turn and
   *     those after it say
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Tokens(int[] ids, int[] stable) {}

  /**
   * The prompt's text, to be read by people: what a message contains of special tokens cannot be
   * told from the template's own any more, so use {@link #encode} for the model.
   *
   * @param openAnswer whether to end with the opening of the assistant's turn
   */
  String render(List<Turn> turns, boolean openAnswer);

  /**
   * The prompt's tokens. Only the template's own special tokens are control; what stands in a
   * turn's content is text.
   *
   * @param openAnswer whether to end with the opening of the assistant's turn
   */
  Tokens encode(List<Turn> turns, boolean openAnswer);
}
