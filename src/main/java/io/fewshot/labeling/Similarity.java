package io.fewshot.labeling;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.NearDuplicates;
import io.fewshot.prompt.Language;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How near texts are in meaning: the cosine of their embeddings, or, where no encoder can be
 * loaded, the overlap of their letters. Safe for use by several threads; owns its encoders, which
 * are loaded when first needed.
 */
final class Similarity implements AutoCloseable {

  /** From here on two messages are likely to have the same answer. */
  static final double ALIKE = 0.80;

  /** From here on they say the same. */
  static final double SAME = 0.96;

  private static final Logger LOG = LoggerFactory.getLogger(Similarity.class);
  private static final int CACHED = 4_096;
  private static final int SHINGLE = 3;

  private final @Nullable Encoders encoders;
  private final Map<String, Embedding> cache = new Bounded<>(CACHED);
  private volatile boolean broken;

  /**
   * @param encoders owned by this from now on; null to compare letters only
   */
  Similarity(@Nullable Encoders encoders) {
    this.encoders = encoders;
  }

  /** How near each of the others is to a text, in [0, 1]. */
  double[] to(String text, List<String> others) {
    Encoders available = encoders;
    if (available != null && !broken) {
      try {
        return cosines(available, text, others);
      } catch (RuntimeException e) {
        broken = true;
        LOG.warn("Messages are compared by their letters, no encoder works: {}", e.toString());
      }
    }
    return others.stream().mapToDouble(other -> overlap(text, other)).toArray();
  }

  private double[] cosines(Encoders available, String text, List<String> others) {
    List<String> all = new ArrayList<>(others);
    all.add(text);
    Map<String, Embedding> vectors = embeddings(available, all);
    Embedding own = vectors.get(text);
    return others.stream().mapToDouble(other -> cosine(own, vectors.get(other))).toArray();
  }

  private Map<String, Embedding> embeddings(Encoders available, List<String> texts) {
    Map<String, Embedding> found = new java.util.HashMap<>();
    Set<String> missing = new HashSet<>();
    synchronized (cache) {
      for (String text : texts) {
        Embedding known = cache.get(text);
        if (known == null) {
          missing.add(text);
        } else {
          found.put(text, known);
        }
      }
    }
    if (!missing.isEmpty()) {
      List<String> order = List.copyOf(missing);
      List<Embedding> encoded = available.encode(Language.AUTO, order);
      synchronized (cache) {
        for (int i = 0; i < order.size(); i++) {
          cache.put(order.get(i), encoded.get(i));
          found.put(order.get(i), encoded.get(i));
        }
      }
    }
    return found;
  }

  private static double cosine(@Nullable Embedding a, @Nullable Embedding b) {
    if (a == null || b == null || !a.encoder().equals(b.encoder())) {
      return 0;
    }
    double sum = 0;
    for (int i = 0; i < a.vector().length; i++) {
      sum += a.vector()[i] * b.vector()[i];
    }
    return Math.max(0, Math.min(1, sum));
  }

  /** Jaccard's index of the texts' letter triples, which needs no words and so no language. */
  static double overlap(String a, String b) {
    Set<String> left = shingles(a);
    Set<String> right = shingles(b);
    Set<String> both = new HashSet<>(left);
    both.retainAll(right);
    int union = left.size() + right.size() - both.size();
    return union == 0 ? 1 : (double) both.size() / union;
  }

  private static Set<String> shingles(String text) {
    String normal = " " + NearDuplicates.normalize(text) + " ";
    Set<String> shingles = new HashSet<>();
    for (int i = 0; i + SHINGLE <= normal.length(); i++) {
      shingles.add(normal.substring(i, i + SHINGLE));
    }
    return shingles;
  }

  @Override
  public void close() {
    if (encoders != null) {
      encoders.close();
    }
  }
}
