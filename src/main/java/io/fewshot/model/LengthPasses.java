package io.fewshot.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cuts sequences into passes of bounded memory, neighbours in length together: attention takes
 * those of the same length in one operation, see {@link LengthGroups}. {@link Packing} cuts
 * otherwise, since what it packs is padded, has a cached front and can be split.
 */
final class LengthPasses {

  private LengthPasses() {}

  /**
   * As many passes as keep all lanes busy to the end, of about as many tokens each.
   *
   * @param lengths of the sequences, in tokens
   * @param maxTokens of a pass; its last sequence may exceed them by half its length
   * @return places of the sequences of each pass
   */
  static List<List<Integer>> of(int[] lengths, int maxTokens, int lanes) {
    int all = IntStream.of(lengths).sum();
    int share = all / Lanes.passes((all + maxTokens - 1) / maxTokens, lanes) + 1;
    List<Integer> sorted =
        IntStream.range(0, lengths.length)
            .boxed()
            .sorted(Comparator.comparingInt(i -> lengths[i]))
            .toList();
    List<List<Integer>> passes = new ArrayList<>();
    List<Integer> pass = new ArrayList<>();
    int tokens = 0;
    for (int place : sorted) {
      if (!pass.isEmpty() && tokens + lengths[place] / 2 > share) {
        passes.add(pass);
        pass = new ArrayList<>();
        tokens = 0;
      }
      pass.add(place);
      tokens += lengths[place];
    }
    if (!pass.isEmpty()) {
      passes.add(pass);
    }
    return passes;
  }
}
