package io.fewshot.stream;

import io.fewshot.prompt.TaskDefinition;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The valid task definitions, as the topic has them now. Written by one thread, read by many. */
public final class TaskCatalogue {

  private final Map<String, TaskDefinition> tasks = new ConcurrentHashMap<>();

  public Optional<TaskDefinition> find(String task) {
    return Optional.ofNullable(tasks.get(task));
  }

  public Collection<TaskDefinition> all() {
    return List.copyOf(tasks.values());
  }

  void put(TaskDefinition definition) {
    tasks.put(definition.task(), definition);
  }

  void remove(String task) {
    tasks.remove(task);
  }
}
