package io.fewshot.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Maximal marginal relevance (Carbonell and Goldstein 1998): one after another, the example that is
 * near the message and far from those already chosen. Only the nearest by cosine are considered;
 * the score is the cosine, the order that in which they were picked.
 */
final class MmrStrategy implements Strategy {

  /** Weight of nearness to the message; the rest goes against likeness to the chosen. */
  private static final double LAMBDA = 0.7;

  private static final int POOL = 64;

  @Override
  public List<Neighbour> rank(Lookup lookup, int depth) {
    List<Neighbour> pool = lookup.byEmbedding(Math.max(POOL, 2 * depth));
    List<float[]> vectors = pool.stream().map(each -> each.example().vector()).toList();
    boolean[] taken = new boolean[pool.size()];
    double[] likeness = new double[pool.size()];
    Arrays.fill(likeness, Double.NEGATIVE_INFINITY);
    List<Neighbour> chosen = new ArrayList<>(depth);
    while (chosen.size() < Math.min(depth, pool.size())) {
      int best = best(pool, taken, likeness);
      taken[best] = true;
      Neighbour pick = pool.get(best);
      chosen.add(pick);
      for (int i = 0; i < likeness.length; i++) {
        double cosine = Embedding.dot(vectors.get(i), vectors.get(best));
        likeness[i] = Math.max(likeness[i], cosine);
      }
    }
    return chosen;
  }

  private static int best(List<Neighbour> pool, boolean[] taken, double[] likeness) {
    int best = -1;
    double highest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < likeness.length; i++) {
      // The first pick has nothing to be unlike.
      double penalty = Double.isInfinite(likeness[i]) ? 0 : (1 - LAMBDA) * likeness[i];
      double value = LAMBDA * pool.get(i).similarity() - penalty;
      if (!taken[i] && value > highest) {
        highest = value;
        best = i;
      }
    }
    return best;
  }
}
