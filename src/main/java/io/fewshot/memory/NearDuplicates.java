package io.fewshot.memory;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * When two texts say the same thing: by their letters and digits alone, or by their vectors. All
 * examples are kept in the memory; what repeats is left out when examples are chosen.
 */
public final class NearDuplicates {

  /** From this cosine on, two texts are taken for the same. */
  static final double SAME_COSINE = 0.97;

  private NearDuplicates() {}

  /**
   * The text's letters and digits, lower-cased and in compatibility form (NFKC), its words joined
   * by single blanks. Punctuation alone is kept as it is, so that "?!" does not equal "".
   */
  public static String normalize(String text) {
    String folded = Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
    StringBuilder words = new StringBuilder(folded.length());
    boolean gap = false;
    for (int i = 0; i < folded.length(); ) {
      int codePoint = folded.codePointAt(i);
      i += Character.charCount(codePoint);
      if (isWord(codePoint)) {
        if (gap && words.length() > 0) {
          words.append(' ');
        }
        words.appendCodePoint(codePoint);
        gap = false;
      } else {
        gap = true;
      }
    }
    return words.length() > 0 ? words.toString() : folded.strip();
  }

  /** Symbols count too: an emoji can be all that a message says. */
  private static boolean isWord(int codePoint) {
    return Character.isLetterOrDigit(codePoint)
        || switch (Character.getType(codePoint)) {
          case Character.NON_SPACING_MARK,
              Character.COMBINING_SPACING_MARK,
              Character.OTHER_SYMBOL,
              Character.CURRENCY_SYMBOL ->
              true;
          default -> false;
        };
  }

  /** The first 64 bits of SHA-256 over the normalized text: alike on every instance, for ever. */
  public static long hash(String text) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return ByteBuffer.wrap(digest.digest(normalize(text).getBytes(StandardCharsets.UTF_8)))
          .getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  /**
   * The first {@code k} of those given that do not repeat one before them. An example repeats
   * another when it has the same output and means the same; examples that contradict each other are
   * both kept.
   */
  static List<Neighbour> drop(List<Neighbour> ranked, int k) {
    record Said(String output, String text) {}
    Set<Said> said = new HashSet<>();
    List<Neighbour> kept = new ArrayList<>();
    // Each is copied out of the index once, however often it is compared.
    Map<StoredExample, float[]> vectors = new IdentityHashMap<>();
    for (Neighbour neighbour : ranked) {
      if (kept.size() >= k) {
        break;
      }
      StoredExample example = neighbour.example();
      if (said.add(new Said(example.output(), normalize(example.input())))
          && kept.stream().noneMatch(before -> repeats(example, before.example(), vectors))) {
        kept.add(neighbour);
      }
    }
    return kept;
  }

  /** Vectors of different encoders cannot be compared. */
  private static boolean repeats(
      StoredExample example, StoredExample before, Map<StoredExample, float[]> vectors) {
    return example.output().equals(before.output())
        && example.encoder().equals(before.encoder())
        && Embedding.dot(vector(example, vectors), vector(before, vectors)) >= SAME_COSINE;
  }

  private static float[] vector(StoredExample example, Map<StoredExample, float[]> vectors) {
    return vectors.computeIfAbsent(example, StoredExample::vector);
  }
}
