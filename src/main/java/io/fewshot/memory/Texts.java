package io.fewshot.memory;

/** Makes any text safe and cheap for native code and analyzers. */
final class Texts {

  private static final char REPLACEMENT = '\uFFFD';

  private Texts() {}

  /**
   * The first {@code limit} characters without surrounding white space, lone surrogates replaced:
   * they have no UTF-8 form, which native code insists on.
   */
  static String bounded(String text, int limit) {
    int start = 0;
    while (start < text.length() && Character.isWhitespace(text.charAt(start))) {
      start++;
    }
    int end = (int) Math.min(text.length(), (long) start + limit);
    String head = text.substring(start, end).stripTrailing();
    return hasLoneSurrogate(head) ? withoutLoneSurrogates(head) : head;
  }

  private static boolean hasLoneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (!isPair(text, i)) {
          return true;
        }
        i++;
      }
    }
    return false;
  }

  private static String withoutLoneSurrogates(String text) {
    StringBuilder clean = new StringBuilder(text);
    for (int i = 0; i < clean.length(); i++) {
      if (Character.isSurrogate(clean.charAt(i))) {
        if (isPair(clean, i)) {
          i++;
        } else {
          clean.setCharAt(i, REPLACEMENT);
        }
      }
    }
    return clean.toString();
  }

  private static boolean isPair(CharSequence text, int i) {
    return Character.isHighSurrogate(text.charAt(i))
        && i + 1 < text.length()
        && Character.isLowSurrogate(text.charAt(i + 1));
  }
}
