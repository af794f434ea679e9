package io.fewshot.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * BM25 over the words of short texts (Robertson and Zaragoza 2009, "The Probabilistic Relevance
 * Framework: BM25 and Beyond"). Not safe for use by several threads by itself: {@link TaskMemory}
 * holds the lock.
 *
 * <p>An inverted index of our own rather than Lucene's, because a put or removal must be seen by
 * the next search: here it changes the postings of the text's own words in place, there it costs a
 * new segment and a new reader.
 */
final class WordIndex {

  // How soon a repeated word stops counting, and how much long texts are held back: the customary
  // values.
  private static final double K1 = 1.2;
  private static final double B = 0.75;

  /**
   * Where a word occurs: slots and how often, side by side. A text is cut at 4,096 characters
   * before it gets here, so how often fits into 16 bits.
   */
  private static final class Postings {
    int[] slots = new int[2];
    char[] counts = new char[2];
    int size;

    void add(int slot, int count) {
      if (size == slots.length) {
        slots = Arrays.copyOf(slots, size + (size >> 1) + 1);
        counts = Arrays.copyOf(counts, slots.length);
      }
      slots[size] = slot;
      counts[size] = (char) count;
      size++;
    }

    void remove(int slot) {
      for (int i = 0; i < size; i++) {
        if (slots[i] == slot) {
          size--;
          slots[i] = slots[size];
          counts[i] = counts[size];
          return;
        }
      }
    }
  }

  private final Map<String, Postings> postings = new HashMap<>();
  private final List<@Nullable StoredExample> documents = new ArrayList<>();
  // Words of each document by slot, apart from it: a search reads this for every posting.
  private int[] lengths = new int[16];
  private final List<Integer> freeSlots = new ArrayList<>();
  private long totalLength;

  /** Adds an example that is not in it. */
  void put(StoredExample example, List<String> words) {
    int slot = freeSlots.isEmpty() ? documents.size() : freeSlots.remove(freeSlots.size() - 1);
    counts(words)
        .forEach(
            (word, count) ->
                postings.computeIfAbsent(word, key -> new Postings()).add(slot, count));
    if (slot == documents.size()) {
      documents.add(example);
    } else {
      documents.set(slot, example);
    }
    if (slot >= lengths.length) {
      lengths = Arrays.copyOf(lengths, slot + (slot >> 1) + 1);
    }
    lengths[slot] = words.size();
    example.slot = slot;
    totalLength += words.size();
  }

  /**
   * Takes out an example that is in it.
   *
   * @param words those that it was put in with; found again rather than kept, for removals are rare
   */
  void remove(StoredExample example, List<String> words) {
    int slot = example.slot;
    documents.set(slot, null);
    freeSlots.add(slot);
    totalLength -= lengths[slot];
    for (String word : counts(words).keySet()) {
      Postings list = postings.get(word);
      if (list != null) {
        list.remove(slot);
        if (list.size == 0) {
          postings.remove(word);
        }
      }
    }
  }

  private static Map<String, Integer> counts(List<String> words) {
    Map<String, Integer> counts = new HashMap<>();
    words.forEach(word -> counts.merge(word, 1, Integer::sum));
    return counts;
  }

  /** Offers every example that shares a word with the query. */
  void search(List<String> query, Nearest nearest) {
    int n = documents.size() - freeSlots.size();
    double[] scores = new double[documents.size()];
    double meanLength = Math.max(1, (double) totalLength / Math.max(1, n));
    double[] damping = new double[scores.length];
    for (int slot = 0; slot < damping.length; slot++) {
      damping[slot] = K1 * (1 - B + B * lengths[slot] / meanLength);
    }
    // Each distinct word counts once: that is how BM25 treats short queries. Sorted, so that sums
    // are the same on every instance.
    for (String word : query.stream().distinct().sorted().toList()) {
      Postings list = postings.get(word);
      if (list != null) {
        double rarity = Math.log1p((n - list.size + 0.5) / (list.size + 0.5));
        for (int i = 0; i < list.size; i++) {
          int slot = list.slots[i];
          int count = list.counts[i];
          scores[slot] += rarity * count * (K1 + 1) / (count + damping[slot]);
        }
      }
    }
    for (int slot = 0; slot < scores.length; slot++) {
      if (scores[slot] > 0 && nearest.admits(scores[slot])) {
        StoredExample example = documents.get(slot);
        if (example != null) {
          nearest.offer(example, scores[slot]);
        }
      }
    }
  }
}
