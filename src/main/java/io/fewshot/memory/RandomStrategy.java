package io.fewshot.memory;

import java.util.List;
import java.util.SplittableRandom;

/**
 * A draw without replacement that depends on the message and the examples' ids alone, so that the
 * same message gets the same examples again, on any instance.
 */
final class RandomStrategy implements Strategy {

  @Override
  public List<Neighbour> rank(Lookup lookup, int depth) {
    long seed = NearDuplicates.hash(lookup.text());
    Nearest nearest = new Nearest(depth, example -> true);
    for (StoredExample example : lookup.all()) {
      // The highest of independent uniform numbers, one for each example, are a uniform draw.
      long mixed = seed * 31 + longHash(example.id());
      nearest.offer(example, new SplittableRandom(mixed).nextDouble());
    }
    return nearest.bestFirst();
  }

  private static long longHash(String id) {
    long hash = 1125899906842597L;
    for (int i = 0; i < id.length(); i++) {
      hash = 31 * hash + id.charAt(i);
    }
    return hash;
  }
}
