package io.fewshot.labeling;

import io.fewshot.event.Example;
import io.fewshot.memory.NearDuplicates;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The examples of all tasks, to be shown as evidence. Long texts are cut, and beyond {@link #LIMIT}
 * the oldest go; the topic has all. Not safe for use by several threads.
 */
final class ExampleBook {

  static final int LIMIT = 100_000;
  private static final int TEXT_CHARS = 600;

  /** An example as it is shown. */
  record Shown(String id, String task, String input, String output, String labeler) {}

  private final Map<String, Shown> byKey = new Bounded<>(LIMIT);
  private final Map<String, SortedMap<String, Integer>> outputs = new HashMap<>();
  private final Map<String, Set<String>> keysOfText = new HashMap<>();

  /**
   * Adds, replaces or, with null, removes an example.
   *
   * @param key of the record: task and id
   */
  void put(String key, @Nullable Example example) {
    forget(key);
    if (example == null) {
      return;
    }
    if (byKey.size() >= LIMIT) {
      forget(byKey.keySet().iterator().next());
    }
    Shown shown =
        new Shown(
            example.getExampleId(),
            example.getTask(),
            clip(example.getInput()),
            example.getOutput(),
            example.getLabeler());
    byKey.put(key, shown);
    outputs
        .computeIfAbsent(shown.task(), task -> new TreeMap<>())
        .merge(shown.output(), 1, Integer::sum);
    keysOfText
        .computeIfAbsent(textKey(shown.task(), shown.input()), text -> new LinkedHashSet<>())
        .add(key);
  }

  private void forget(String key) {
    Shown old = byKey.remove(key);
    if (old == null) {
      return;
    }
    SortedMap<String, Integer> counts = outputs.get(old.task());
    if (counts != null) {
      counts.computeIfPresent(old.output(), (output, count) -> count == 1 ? null : count - 1);
    }
    String text = textKey(old.task(), old.input());
    Set<String> keys = keysOfText.get(text);
    if (keys != null && keys.remove(key) && keys.isEmpty()) {
      keysOfText.remove(text);
    }
  }

  Optional<Shown> get(String key) {
    return Optional.ofNullable(byKey.get(key));
  }

  /** Those whose text is the same but for punctuation and case. */
  List<Shown> sameText(String task, String text) {
    List<Shown> same = new ArrayList<>();
    for (String key : keysOfText.getOrDefault(textKey(task, clip(text)), Set.of())) {
      get(key).ifPresent(same::add);
    }
    return same;
  }

  /** The outputs of a task, each with the number of its examples. */
  SortedMap<String, Integer> outputs(String task) {
    return new TreeMap<>(outputs.getOrDefault(task, new TreeMap<>()));
  }

  Collection<String> tasks() {
    return outputs.entrySet().stream()
        .filter(entry -> !entry.getValue().isEmpty())
        .map(Map.Entry::getKey)
        .toList();
  }

  private static String textKey(String task, String text) {
    return task + "/" + NearDuplicates.hash(text);
  }

  private static String clip(String text) {
    return text.length() <= TEXT_CHARS ? text : text.substring(0, TEXT_CHARS) + "…";
  }
}
