package io.fewshot.stream;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What waits, in order for each task, while tasks take turns: a flood of one delays another's by no
 * more than what is taken at once. Not safe for use by several threads.
 */
final class TaskTurns<T> {

  /** In the order in which they have their turn; none is empty. */
  private final Map<String, Deque<T>> byTask = new LinkedHashMap<>();

  void add(String task, T item) {
    byTask.computeIfAbsent(task, name -> new ArrayDeque<>()).addLast(item);
  }

  /** The task whose turn it is among those that may have one; it goes to the end of the line. */
  Optional<String> next(Predicate<String> may) {
    for (String task : byTask.keySet()) {
      if (may.test(task)) {
        Deque<T> items = byTask.remove(task);
        if (items != null) {
          byTask.put(task, items);
        }
        return Optional.of(task);
      }
    }
    return Optional.empty();
  }

  /** The first of the task whose turn it is, at most so many; they leave. */
  List<T> take(Predicate<String> may, int limit) {
    return next(may).map(task -> take(task, limit)).orElse(List.of());
  }

  /** The first of a task, at most so many; they leave. */
  List<T> take(String task, int limit) {
    Deque<T> items = byTask.get(task);
    List<T> taken = new ArrayList<>();
    while (items != null && taken.size() < limit && !items.isEmpty()) {
      taken.add(items.removeFirst());
    }
    if (items != null && items.isEmpty()) {
      byTask.remove(task);
    }
    return taken;
  }

  /** Puts back what was taken, in front of the others. */
  void putBack(String task, List<T> items) {
    if (!items.isEmpty()) {
      Deque<T> waiting = byTask.computeIfAbsent(task, name -> new ArrayDeque<>());
      for (int i = items.size() - 1; i >= 0; i--) {
        waiting.addFirst(items.get(i));
      }
    }
  }

  boolean isEmpty() {
    return byTask.isEmpty();
  }
}
