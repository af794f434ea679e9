package io.fewshot.memory;

import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Predicate;

/**
 * Keeps the best {@code k} of the examples offered to it. Equal scores are ordered by id, so that
 * instances with the same examples choose alike whatever order these arrived in.
 */
final class Nearest {

  // Written out: it is called for every hit, and composed comparators box what they compare.
  static final Comparator<Neighbour> BEST_FIRST =
      (a, b) -> {
        int order = Double.compare(b.similarity(), a.similarity());
        return order != 0 ? order : a.example().id().compareTo(b.example().id());
      };

  private final int k;
  private final Predicate<StoredExample> eligible;
  private final PriorityQueue<Neighbour> worstFirst =
      new PriorityQueue<>(11, BEST_FIRST.reversed());
  private double worst = Double.NEGATIVE_INFINITY;

  Nearest(int k, Predicate<StoredExample> eligible) {
    this.k = k;
    this.eligible = eligible;
  }

  /** Whether an example with this score can still get in; cheaper than offering it. */
  boolean admits(double score) {
    return score >= worst;
  }

  /** The lowest score that can still get in. */
  double worst() {
    return worst;
  }

  void offer(StoredExample example, double score) {
    if (!admits(score) || k <= 0 || Double.isNaN(score) || !eligible.test(example)) {
      return;
    }
    Neighbour candidate = new Neighbour(example, score);
    if (worstFirst.size() == k) {
      if (BEST_FIRST.compare(candidate, worstFirst.element()) >= 0) {
        return;
      }
      worstFirst.remove();
    }
    worstFirst.add(candidate);
    if (worstFirst.size() == k) {
      worst = worstFirst.element().similarity();
    }
  }

  List<Neighbour> bestFirst() {
    return worstFirst.stream().sorted(BEST_FIRST).toList();
  }
}
