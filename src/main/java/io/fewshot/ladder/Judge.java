package io.fewshot.ladder;

import io.fewshot.prompt.Kind;
import io.fewshot.prompt.LabelText;
import org.jspecify.annotations.Nullable;

/** Tells whether an output is right: for `eval` and for the trainer's gate alike. */
public final class Judge {

  private Judge() {}

  /**
   * An output in the form in which right ones are equal: JSON that was extracted without spaces and
   * with ordered keys, any other text in the one form of a label.
   */
  public static String comparable(Kind kind, String output) {
    return kind == Kind.EXTRACT ? Json.canonical(output) : LabelText.of(output);
  }

  /**
   * @param output what was answered; null, when there was none, is wrong
   */
  public static boolean isRight(Kind kind, String truth, @Nullable String output) {
    return output != null && comparable(kind, truth).equals(comparable(kind, output));
  }
}
