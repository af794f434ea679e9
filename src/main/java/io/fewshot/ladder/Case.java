package io.fewshot.ladder;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Lookup;
import io.fewshot.memory.Neighbour;
import io.fewshot.memory.Selector;
import io.fewshot.prompt.Shot;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One message on its way up the ladder. Belongs to one thread. */
final class Case {

  private final TaskDefinition task;
  private final String text;
  private final Lookup lookup;
  private final Labels labels;
  private final Embedding embedding;
  private final boolean stored;

  private List<Candidate> candidates = List.of();
  private double similarity = -1;
  private @Nullable List<Neighbour> shots;
  private int promptTokens;
  private @Nullable Supplier<String> prompt;
  private boolean truncated;

  /**
   * @param labels those that may be the answer
   * @param stored whether it is an example that is answered again, rather than a message
   */
  Case(
      TaskDefinition task,
      String text,
      Lookup lookup,
      Labels labels,
      Embedding embedding,
      boolean stored) {
    this.task = task;
    this.text = text;
    this.lookup = lookup;
    this.labels = labels;
    this.embedding = embedding;
    this.stored = stored;
  }

  TaskDefinition task() {
    return task;
  }

  String text() {
    return text;
  }

  Lookup lookup() {
    return lookup;
  }

  Labels labels() {
    return labels;
  }

  float[] vector() {
    return embedding.vector();
  }

  /** Name of the encoder that made the vector. */
  String encoder() {
    return embedding.encoder();
  }

  /** Whether it is an example that is answered again: what learned from it must not have a say. */
  boolean isStored() {
    return stored;
  }

  List<Candidate> candidates() {
    return candidates;
  }

  void candidates(List<Candidate> found) {
    candidates = List.copyOf(found);
  }

  /** Adds candidates that the neighbours know nothing of: to them they are as the last one is. */
  void add(Collection<String> found) {
    List<Candidate> more = new ArrayList<>(candidates);
    Set<String> known = candidates.stream().map(Candidate::label).collect(Collectors.toSet());
    for (String label : found) {
      if (known.add(label)) {
        Candidate candidate = new Candidate(label);
        for (Feature feature : Feature.values()) {
          candidates.stream()
              .mapToDouble(other -> other.get(feature))
              .min()
              .ifPresent(least -> candidate.set(feature, least));
        }
        more.add(candidate);
      }
    }
    candidates = List.copyOf(more);
  }

  /** Cosine to the nearest example or label; -1 when there is none. */
  double similarity() {
    return similarity;
  }

  void similarity(double nearest) {
    similarity = nearest;
  }

  /** The examples chosen for this message, nearest first. */
  List<Neighbour> shots() {
    List<Neighbour> chosen = shots;
    if (chosen == null) {
      chosen = Selector.select(lookup, task.examples());
      shots = chosen;
    }
    return chosen;
  }

  /** The same as they stand in a prompt. */
  List<Shot> promptShots() {
    return shots().stream()
        .map(Neighbour::example)
        .map(example -> new Shot(example.id(), example.input(), example.output()))
        .toList();
  }

  void prompted(int tokens, boolean cut, Supplier<String> text) {
    prompt = text;
    promptTokens = tokens;
    truncated = cut;
  }

  @Nullable Supplier<String> prompt() {
    return prompt;
  }

  int promptTokens() {
    return promptTokens;
  }

  boolean truncated() {
    return truncated;
  }
}
