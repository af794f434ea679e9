package io.fewshot.prompt;

import io.fewshot.model.Tokenizer;
import java.util.Arrays;

/**
 * Cuts texts to a number of tokens. The head and the tail are kept: customers say what they want
 * first or last, and tell the story in between.
 */
final class Shortener {

  /** Encoding a megabyte only to throw it away would hold up a whole batch. */
  private static final int MAX_CHARACTERS_PER_TOKEN = 12;

  private static final String GAP = " … ";

  private final Tokenizer tokenizer;
  private final int[] gap;

  Shortener(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    this.gap = tokenizer.encode(GAP);
  }

  /** A text's tokens, and whether some of it was left out. */
  final class Cut {

    private final int[] ids;
    private final boolean shortened;

    private Cut(int[] ids, boolean shortened) {
      this.ids = ids;
      this.shortened = shortened;
    }

    int[] ids() {
      return ids;
    }

    boolean shortened() {
      return shortened;
    }

    /** What is left of {@code whole}, the text that was cut. */
    String text(String whole) {
      return shortened ? tokenizer.decode(ids) : whole;
    }
  }

  /** The text in at most {@code most} tokens, which is at least 1. */
  Cut cut(String text, int most) {
    long characters = (long) most * MAX_CHARACTERS_PER_TOKEN;
    if (text.length() > characters) {
      int head = (int) (characters * 2 / 3);
      int tail = (int) (characters - head);
      String ends = text.substring(0, head) + GAP + text.substring(text.length() - tail);
      return new Cut(ends(tokenizer.encode(ends), most), true);
    }
    int[] ids = tokenizer.encode(text);
    return ids.length <= most ? new Cut(ids, false) : new Cut(ends(ids, most), true);
  }

  private int[] ends(int[] ids, int most) {
    if (ids.length <= most) {
      return ids;
    }
    int keep = most - gap.length;
    if (keep < 3) {
      return Arrays.copyOf(ids, most);
    }
    int head = keep * 2 / 3;
    int tail = keep - head;
    int[] cut = new int[most];
    System.arraycopy(ids, 0, cut, 0, head);
    System.arraycopy(gap, 0, cut, head, gap.length);
    System.arraycopy(ids, ids.length - tail, cut, head + gap.length, tail);
    return cut;
  }
}
