package io.fewshot.prompt;

import java.util.List;

/**
 * A rendered prompt, ready to be scored or continued.
 *
 * @param ids the tokens, the shared ones included
 * @param shared how many tokens at the front all prompts of the task have in common
 * @param candidates token ids of each candidate in the order given; empty when the model writes the
 *     answer itself
 * @param truncated whether the message was cut to fit
 * @param used the shots that stand in the prompt, nearest first
 */
@SuppressWarnings("ArrayRecordComponent")
public record Prompt(
    int[] ids, int shared, List<int[]> candidates, boolean truncated, List<Shot> used) {

  public Prompt {
    candidates = List.copyOf(candidates);
    used = List.copyOf(used);
  }
}
