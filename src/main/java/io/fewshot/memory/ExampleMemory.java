package io.fewshot.memory;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * All examples of all tasks on this instance, searchable by vector and by word. One thread writes
 * (the one that fills the global store), any number read; what was put is seen by the next search.
 *
 * <p>Limitation: vector search is exact, which beats an approximate index up to about 100,000
 * examples a task and grows linearly from there.
 */
public final class ExampleMemory implements AutoCloseable {

  private final Words words = new Words();
  private final ConcurrentMap<String, TaskMemory> tasks = new ConcurrentHashMap<>();

  /**
   * Adds the example, or replaces the one with its task and id.
   *
   * @throws IllegalArgumentException when its vector has not the length that other vectors of its
   *     encoder have
   */
  public void put(StoredExample example) {
    task(example.task()).put(example);
  }

  /** Forgets an example; one that is not there is no error. */
  public void remove(String task, String id) {
    task(task).remove(id);
  }

  /** Forgets everything. Task memories that were given out stay valid, and are empty. */
  public void clear() {
    tasks.values().forEach(TaskMemory::clear);
  }

  /** The memory of one task, empty when nothing was put; it follows later changes. */
  public TaskMemory task(String name) {
    return tasks.computeIfAbsent(name, key -> new TaskMemory(key, words));
  }

  /** Tasks that have examples, in alphabetical order. */
  public List<String> tasks() {
    Collection<TaskMemory> all = tasks.values();
    return all.stream().filter(task -> task.size() > 0).map(TaskMemory::name).sorted().toList();
  }

  /** How many examples there are of all tasks. */
  public int size() {
    return tasks.values().stream().mapToInt(TaskMemory::size).sum();
  }

  @Override
  public void close() {
    clear();
    words.close();
  }
}
