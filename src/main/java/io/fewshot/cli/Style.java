package io.fewshot.cli;

import java.util.Locale;

/** Colours on a terminal, and text that is safe to show there. */
record Style(boolean colours) {

  String bold(String text) {
    return wrap("1", text);
  }

  String dim(String text) {
    return wrap("2", text);
  }

  String green(String text) {
    return wrap("32", text);
  }

  String yellow(String text) {
    return wrap("33", text);
  }

  String red(String text) {
    return wrap("31", text);
  }

  private String wrap(String code, String text) {
    return colours ? "\u001B[" + code + "m" + text + "\u001B[0m" : text;
  }

  /** On one line, at most {@code length} characters, and nothing that steers a terminal. */
  static String brief(String text, int length) {
    // Only the front is looked at: a message may be a megabyte long.
    String front = text.length() > 4 * length + 16 ? text.substring(0, 4 * length + 16) : text;
    String plain = front.replaceAll("[\\p{Cntrl}\\s\\p{Cf}]+", " ").strip();
    if (plain.codePointCount(0, plain.length()) <= length && front.length() == text.length()) {
      return plain;
    }
    int kept = Math.min(length - 1, plain.codePointCount(0, plain.length()));
    return plain.substring(0, plain.offsetByCodePoints(0, Math.max(0, kept))).stripTrailing() + "…";
  }

  /** A share as a percentage. */
  static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }
}
