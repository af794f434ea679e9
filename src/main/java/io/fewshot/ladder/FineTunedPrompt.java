package io.fewshot.ladder;

import io.fewshot.model.LanguageModel;
import io.fewshot.model.Tokenizer;
import io.fewshot.prompt.Prompt;
import io.fewshot.prompt.PromptBuilder;
import io.fewshot.prompt.TaskDefinition;
import java.util.Arrays;
import java.util.List;

/**
 * What a fine-tuned model reads. A classifier has learned the task, so the message is nearly all;
 * one that writes is told the task in the words of the few-shot prompt, without examples.
 */
public final class FineTunedPrompt {

  /** Ends every prompt, so that what is read last is always the same. */
  private static final String CLOSING = "\nIntent:";

  /** Longest answer that is written, its end included. */
  public static final int MAX_ANSWER_TOKENS = 192;

  private FineTunedPrompt() {}

  /**
   * A conversation that ends where the answer begins.
   *
   * @param budget longest prompt with its answer, in tokens
   */
  public static Prompt write(LanguageModel model, TaskDefinition task, String message, int budget) {
    return new PromptBuilder(model, budget).write(task, List.of(), message, MAX_ANSWER_TOKENS);
  }

  /** How many tokens the end of every prompt has. */
  public static int closing(Tokenizer tokenizer) {
    return tokenizer.encode(CLOSING).length;
  }

  /**
   * The message, cut to so many tokens.
   *
   * @param maxTokens with what follows it
   */
  public static int[] classify(Tokenizer tokenizer, String message, int maxTokens) {
    int[] said = tokenizer.encode(message.strip().replaceAll("\\s*\\R\\s*", " "));
    int[] closing = tokenizer.encode(CLOSING);
    int length = Math.min(said.length, Math.max(1, maxTokens - closing.length));
    int[] ids = Arrays.copyOf(said, length + closing.length);
    System.arraycopy(closing, 0, ids, length, closing.length);
    return ids;
  }
}
