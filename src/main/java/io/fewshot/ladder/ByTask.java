package io.fewshot.ladder;

import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;

/** A batch of several tasks, handled task by task. */
final class ByTask {

  private ByTask() {}

  /** Handles the items of each task together, and gives the results in the order of the items. */
  static <T, R> List<R> handle(
      List<T> items,
      Function<T, TaskDefinition> taskOf,
      BiFunction<TaskDefinition, List<T>, List<R>> handle) {
    Map<TaskDefinition, List<Integer>> positions = new LinkedHashMap<>();
    for (int i = 0; i < items.size(); i++) {
      positions.computeIfAbsent(taskOf.apply(items.get(i)), task -> new ArrayList<>()).add(i);
    }
    Map<Integer, R> results = new TreeMap<>();
    positions.forEach(
        (task, places) -> {
          List<R> handled = handle.apply(task, places.stream().map(items::get).toList());
          for (int i = 0; i < handled.size(); i++) {
            results.put(places.get(i), handled.get(i));
          }
        });
    return List.copyOf(results.values());
  }
}
