package io.fewshot.ladder;

import io.fewshot.model.LoraAdapter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A release of a fine-tuned language model: an adapter and what must be known to use it.
 *
 * @param model the language model that it changes, by its name in the catalogue
 * @param temperature what a classifier's logits are divided by, so that its probabilities are those
 *     with which it is right; more than 1 makes it less sure
 * @param maxTokens longest message that a classifier was trained on, in tokens
 * @param confidence of what one that writes has written
 * @param seen marks of the texts that it was trained on; see {@link #mark}
 */
public record FineTuned(
    LoraAdapter adapter,
    String model,
    double temperature,
    int maxTokens,
    WrittenConfidence confidence,
    Set<Long> seen) {

  public FineTuned {
    seen = Set.copyOf(seen);
    if (!(temperature > 0) || maxTokens < 1) {
      throw new IllegalArgumentException(
          "temperature %s and maxTokens %d make no sense".formatted(temperature, maxTokens));
    }
  }

  /** A classifier, or one that writes and is trusted as far as its words are likely. */
  public FineTuned(
      LoraAdapter adapter, String model, double temperature, int maxTokens, Set<Long> seen) {
    this(adapter, model, temperature, maxTokens, WrittenConfidence.OF_WORDS, seen);
  }

  public FineTuned with(WrittenConfidence other) {
    return new FineTuned(adapter, model, temperature, maxTokens, other, seen);
  }

  public String version() {
    return adapter.version();
  }

  /** Whether it writes its answers, rather than choosing among labels. */
  public boolean writes() {
    return adapter.labels().isEmpty();
  }

  public List<String> labels() {
    return adapter.labels();
  }

  /** Whether it was trained on this text: what it says of it tells nothing about new ones. */
  boolean hasSeen(String text) {
    return seen.contains(mark(text));
  }

  /** What a text is known again by; those that differ in case and spaces only share one. */
  public static long mark(String text) {
    String plain = text.strip().toLowerCase(Locale.ROOT).replaceAll("\\s+", " ");
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(plain.getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(hash).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  /** Probabilities as they are at the temperature. */
  double[] tempered(double[] probabilities) {
    double[] p = new double[probabilities.length];
    double total = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.pow(probabilities[i], 1 / temperature);
      total += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= total;
    }
    return p;
  }
}
