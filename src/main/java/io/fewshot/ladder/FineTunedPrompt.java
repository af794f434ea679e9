package io.fewshot.ladder;

import io.fewshot.model.Tokenizer;
import java.util.Arrays;

/** What a fine-tuned model reads: it has learned the task, so the message is nearly all. */
public final class FineTunedPrompt {

  /** Ends every prompt, so that what is read last is always the same. */
  private static final String CLOSING = "\nIntent:";

  private FineTunedPrompt() {}

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
