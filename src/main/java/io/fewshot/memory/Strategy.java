package io.fewshot.memory;

import java.util.List;

/** A way to rank the examples of a task for a message. Stateless. */
@FunctionalInterface
interface Strategy {

  /**
   * The best {@code depth} examples.
   *
   * @return most wanted first; fewer than {@code depth} only when there are no more
   */
  List<Neighbour> rank(Lookup lookup, int depth);
}
