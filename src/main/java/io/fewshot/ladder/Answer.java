package io.fewshot.ladder;

import io.fewshot.prompt.Rung;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the ladder says to a message.
 *
 * @param output the best candidate; null when there is none
 * @param confidence calibrated probability, in [0, 1], that the output is right
 * @param candidates best first
 * @param rung the last rung that was asked
 * @param exampleIds nearest first
 * @param modelVersion what computed it
 * @param promptTokens length of the language model's prompt; 0 when none was asked
 * @param truncated whether the message was cut to fit the prompt
 * @param accepted whether the task's promise allows it to stand without people
 * @param novel whether the message is unlike anything the task knows
 * @param prompt the text that the language model was last asked, made when it is wanted; null when
 *     none was
 */
public record Answer(
    @Nullable String output,
    double confidence,
    List<Option> candidates,
    Rung rung,
    List<String> exampleIds,
    String modelVersion,
    int promptTokens,
    boolean truncated,
    boolean accepted,
    boolean novel,
    @Nullable Supplier<String> prompt) {

  /** A possible output and its probability, in [0, 1]. */
  public record Option(String output, double probability) {}

  /** The same for people to look at. */
  public Answer unaccepted() {
    return new Answer(
        output,
        confidence,
        candidates,
        rung,
        exampleIds,
        modelVersion,
        promptTokens,
        truncated,
        false,
        novel,
        prompt);
  }

  public Answer {
    candidates = List.copyOf(candidates);
    exampleIds = List.copyOf(exampleIds);
  }
}
