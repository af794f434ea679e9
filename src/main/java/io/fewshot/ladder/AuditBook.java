package io.fewshot.ladder;

import io.fewshot.prompt.Promise;
import io.fewshot.prompt.TaskDefinition;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What people said about messages that were drawn at random before their answer, and what that
 * proves. Safe for use by several threads.
 *
 * <p>Only the latest {@value #LATEST} of a task count: what was right a year ago says little.
 */
public final class AuditBook {

  static final int LATEST = 2_000;

  private final Map<String, Map<String, Audited>> byTask = new HashMap<>();
  private final Map<String, String> taskOf = new HashMap<>();
  private final Map<String, Kept> proofs = new HashMap<>();

  /**
   * One message that was drawn.
   *
   * @param confidence of its first result, in [0, 1]
   * @param right whether that result was right
   */
  public record Audited(double confidence, boolean right) {

    /**
     * @throws IllegalArgumentException when the confidence cannot be one
     */
    public Audited {
      if (!(confidence >= 0 && confidence <= 1)) {
        throw new IllegalArgumentException("a confidence of " + confidence);
      }
    }
  }

  private record Kept(double promised, Proof proof) {}

  /**
   * Notes an outcome, in place of an earlier one of the same message.
   *
   * @param id of the message, unique over all tasks
   */
  public synchronized void put(String id, String task, Audited audited) {
    remove(id);
    Map<String, Audited> ofTask = byTask.computeIfAbsent(task, name -> new LinkedHashMap<>());
    ofTask.put(id, audited);
    taskOf.put(id, task);
    if (ofTask.size() > LATEST) {
      remove(ofTask.keySet().iterator().next());
    }
    proofs.remove(task);
  }

  public synchronized void remove(String id) {
    String task = taskOf.remove(id);
    Map<String, Audited> ofTask = task == null ? null : byTask.get(task);
    if (task != null && ofTask != null) {
      ofTask.remove(id);
      proofs.remove(task);
    }
  }

  public synchronized void clear() {
    byTask.clear();
    taskOf.clear();
    proofs.clear();
  }

  /** What the audits prove of a task's promise; empty when it promises no accuracy. */
  public synchronized Optional<Proof> proof(TaskDefinition task) {
    if (!(task.promise() instanceof Promise.Accuracy accuracy)) {
      return Optional.empty();
    }
    Kept kept = proofs.get(task.task());
    if (kept == null || kept.promised() != accuracy.value()) {
      List<Audited> audits = List.copyOf(byTask.getOrDefault(task.task(), Map.of()).values());
      kept = new Kept(accuracy.value(), Proof.of(accuracy.value(), audits));
      proofs.put(task.task(), kept);
    }
    return Optional.of(kept.proof());
  }
}
