package io.fewshot.memory;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The number of words, split at white space, that message and example share. Chinese has no spaces,
 * so every Chinese message gets the same examples: here for comparison only.
 */
final class KeywordStrategy implements Strategy {

  @Override
  public List<Neighbour> rank(Lookup lookup, int depth) {
    Set<String> query = words(lookup.text());
    Nearest nearest = new Nearest(depth, example -> true);
    for (StoredExample example : lookup.all()) {
      Set<String> shared = words(example.input());
      shared.retainAll(query);
      nearest.offer(example, shared.size());
    }
    return nearest.bestFirst();
  }

  private static Set<String> words(String text) {
    return new HashSet<>(Arrays.asList(text.toLowerCase(Locale.ROOT).strip().split("\\s+")));
  }
}
