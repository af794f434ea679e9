package io.fewshot.prompt;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a task asks for and how it may be answered; the YAML's content with defaults filled in.
 *
 * @param labels label to description, in the order of the definition; empty when the labels are
 *     those of the examples
 * @param audit share of all messages, in [0, 1], that people check
 * @param agreement how many labelers each message needs; 0 for what the page is told
 * @param model name of a language model in the catalogue
 */
public record TaskDefinition(
    String task,
    Kind kind,
    String instruction,
    Language language,
    Map<String, String> labels,
    Examples examples,
    Promise promise,
    Start start,
    List<Rung> rungs,
    double audit,
    int agreement,
    String model) {

  /**
   * The examples of a prompt.
   *
   * @param k how many
   * @param select how they are chosen
   */
  public record Examples(int k, Selection select) {}

  /** What to do before audits suffice to prove the promise. */
  public enum Start {
    /** Accept what has the calibrated confidence. */
    PROVISIONAL,
    /** Ask people. */
    CAUTIOUS
  }

  public TaskDefinition {
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    rungs = List.copyOf(rungs);
  }

  /** The same task with another promise. */
  public TaskDefinition withPromise(Promise other) {
    return new TaskDefinition(
        task,
        kind,
        instruction,
        language,
        labels,
        examples,
        other,
        start,
        rungs,
        audit,
        agreement,
        model);
  }
}
