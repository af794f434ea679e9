package io.fewshot.memory;

import io.fewshot.prompt.Selection;
import io.fewshot.prompt.TaskDefinition;
import java.util.List;

/** Chooses a prompt's examples: the table of strategies. */
public final class Selector {

  private Selector() {}

  private static Strategy strategy(Selection selection) {
    return switch (selection) {
      case HYBRID -> new HybridStrategy();
      case EMBEDDING -> Lookup::byEmbedding;
      case BM25 -> Lookup::byWords;
      case MMR -> new MmrStrategy();
      case KEYWORD -> new KeywordStrategy();
      case RANDOM -> new RandomStrategy();
    };
  }

  /**
   * Chooses up to {@code choice.k()} examples.
   *
   * @return nearest first, near duplicates dropped; fewer when the memory has no more that fit (by
   *     words: none that shares a word). The similarity is the strategy's own score
   */
  public static List<Neighbour> select(Lookup lookup, TaskDefinition.Examples choice) {
    int k = choice.k();
    if (k <= 0) {
      return List.of();
    }
    Strategy strategy = strategy(choice.select());
    // Duplicates may take up the front of the ranking: look deeper until k are left or none follow.
    for (int depth = 2 * k; ; depth *= 2) {
      List<Neighbour> ranked = strategy.rank(lookup, depth);
      List<Neighbour> kept = NearDuplicates.drop(ranked, k);
      if (kept.size() == k || ranked.size() < depth) {
        return kept.stream().sorted(Nearest.BEST_FIRST).toList();
      }
    }
  }
}
