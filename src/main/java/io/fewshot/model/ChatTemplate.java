package io.fewshot.model;

import java.util.List;

/** Renders a conversation as the text that the model was tuned on. */
public interface ChatTemplate {

  /** One turn. */
  record Turn(String role, String content) {}

  /**
   * The prompt's text.
   *
   * @param openAnswer whether to end with the opening of the assistant's turn
   */
  String render(List<Turn> turns, boolean openAnswer);
}
