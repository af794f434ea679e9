package io.fewshot.ladder;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.TaskMemory;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.PromptBuilder;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Knows the labels of tasks and what their names mean to the encoder. Safe for use by several
 * threads.
 */
final class LabelBook {

  /** With more outputs than this, they are free text rather than labels. */
  private static final int MAX_NAMED = 1000;

  private static final int MAX_KEPT = 20_000;

  private final Encoders encoders;
  private final Map<Said, float[]> vectors = new ConcurrentHashMap<>();
  private final Map<Key, Page> pages = new ConcurrentHashMap<>();

  private record Key(String task, Language language) {}

  /** A task's labels as of the memory's state when they were gathered. */
  private record Page(TaskDefinition task, long changes, Labels labels) {}

  private record Said(Language language, String text) {}

  LabelBook(Encoders encoders) {
    this.encoders = encoders;
  }

  /**
   * The task's labels for messages in {@code language}: those it declares, else those of its
   * examples.
   */
  Labels of(TaskDefinition task, TaskMemory memory, Language language) {
    if (task.kind() != Kind.CLASSIFY) {
      return new Labels(List.of(), null);
    }
    Key key = new Key(task.task(), language);
    // Read before the labels: a change in between makes the page stale, not wrong.
    long changes = memory.changes();
    Page page = pages.get(key);
    boolean declared = !task.labels().isEmpty();
    if (page == null || !page.task.equals(task) || !declared && page.changes != changes) {
      page = new Page(task, changes, gather(task, memory, language));
      pages.put(key, page);
    }
    return page.labels;
  }

  private Labels gather(TaskDefinition task, TaskMemory memory, Language language) {
    List<String> names =
        List.copyOf(task.labels().isEmpty() ? memory.outputs().keySet() : task.labels().keySet());
    if (names.size() > MAX_NAMED) {
      return new Labels(names, null);
    }
    List<Said> wanted = names.stream().map(name -> new Said(language, words(task, name))).toList();
    encodeMissing(language, wanted);
    List<float[]> found = new ArrayList<>();
    for (Said said : wanted) {
      float[] vector = vectors.get(said);
      if (vector != null) {
        found.add(vector);
      }
    }
    return new Labels(names, found.size() == names.size() ? found : null);
  }

  private void encodeMissing(Language language, List<Said> wanted) {
    List<Said> missing =
        wanted.stream().filter(said -> !vectors.containsKey(said)).distinct().toList();
    if (missing.isEmpty()) {
      return;
    }
    if (vectors.size() + missing.size() > MAX_KEPT) {
      vectors.clear();
      missing = wanted.stream().distinct().toList();
    }
    List<Embedding> encoded = encoders.encode(language, missing.stream().map(Said::text).toList());
    for (int i = 0; i < encoded.size(); i++) {
      vectors.put(missing.get(i), encoded.get(i).vector());
    }
  }

  private static String words(TaskDefinition task, String label) {
    String description = task.labels().getOrDefault(label, "");
    String name = PromptBuilder.spoken(label);
    return description.isBlank() ? name : name + ". " + description.strip();
  }
}
