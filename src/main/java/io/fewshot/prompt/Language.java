package io.fewshot.prompt;

/** The language of a task's messages. */
public enum Language {
  EN,
  ZH,
  /** Each text by its own script. */
  AUTO;

  /** The language to treat {@code text} in: never {@link #AUTO}. */
  public Language of(String text) {
    if (this != AUTO) {
      return this;
    }
    long han = text.codePoints().filter(Language::isHan).count();
    long letters = text.codePoints().filter(Character::isLetter).count();
    // A Chinese sentence full of Latin product names is still Chinese: one character says more than
    // one letter.
    return han * 4 >= letters && han > 0 ? ZH : EN;
  }

  private static boolean isHan(int codePoint) {
    return Character.UnicodeScript.of(codePoint) == Character.UnicodeScript.HAN;
  }
}
