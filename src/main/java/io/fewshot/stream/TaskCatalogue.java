package io.fewshot.stream;

import io.fewshot.prompt.TaskDefinition;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The valid task definitions, as the topic has them now, and which definitions lie in their topic
 * but were not judged yet. Written by one thread, read by many.
 */
public final class TaskCatalogue {

  private static final long NEVER = -1;

  private final Map<String, TaskDefinition> tasks = new ConcurrentHashMap<>();

  /** Task to the position of its latest definition, and of the latest one that was judged. */
  private final Map<String, Long> announced = new ConcurrentHashMap<>();

  private final Map<String, Long> judged = new ConcurrentHashMap<>();
  private volatile boolean awaitsAnnouncements;
  private final AtomicLong version = new AtomicLong();

  public Optional<TaskDefinition> find(String task) {
    return Optional.ofNullable(tasks.get(task));
  }

  /** Grows with every change of what {@link #find} gives. */
  long version() {
    return version.get();
  }

  public Collection<TaskDefinition> all() {
    return List.copyOf(tasks.values());
  }

  /**
   * Whether there is a definition of this task that the learning application has not come to yet:
   * it may be behind, or the registry away. A message for the task is not hopeless then.
   */
  boolean isPending(String task) {
    return awaitsAnnouncements
        || announced.getOrDefault(task, NEVER) > judged.getOrDefault(task, NEVER);
  }

  void announced(String task, long offset) {
    announced.merge(task, offset, Math::max);
  }

  /** From now on every task may have a definition, until {@link #announcementsRead}. */
  void awaitAnnouncements() {
    awaitsAnnouncements = true;
  }

  /** All definitions that lay in their topic at the start are announced. */
  void announcementsRead() {
    awaitsAnnouncements = false;
  }

  void judged(String task, long offset) {
    judged.merge(task, offset, Math::max);
  }

  void put(TaskDefinition definition) {
    tasks.put(definition.task(), definition);
    version.incrementAndGet();
  }

  void remove(String task) {
    tasks.remove(task);
    version.incrementAndGet();
  }
}
