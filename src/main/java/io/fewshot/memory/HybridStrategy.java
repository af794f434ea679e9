package io.fewshot.memory;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reciprocal rank fusion of the rankings by embedding and by BM25 (Cormack, Clarke and Buettcher
 * 2009): an example scores the sum of {@code 1 / (60 + rank)} over the rankings that it is in.
 */
final class HybridStrategy implements Strategy {

  private static final int RANK_OFFSET = 60;
  // A rank beyond adds next to nothing, but a ranking cut too early loses what the other has deep.
  private static final int MIN_DEPTH = 64;

  @Override
  public List<Neighbour> rank(Lookup lookup, int depth) {
    int each = Math.max(depth, MIN_DEPTH);
    Map<String, Neighbour> fused = new HashMap<>();
    add(lookup.byEmbedding(each), fused);
    add(lookup.byWords(each), fused);
    return fused.values().stream().sorted(Nearest.BEST_FIRST).limit(depth).toList();
  }

  private static void add(List<Neighbour> ranking, Map<String, Neighbour> fused) {
    for (int i = 0; i < ranking.size(); i++) {
      StoredExample example = ranking.get(i).example();
      double share = 1.0 / (RANK_OFFSET + i + 1);
      fused.merge(
          example.id(),
          new Neighbour(example, share),
          (a, b) -> new Neighbour(a.example(), a.similarity() + b.similarity()));
    }
  }
}
