package io.fewshot.stream;

import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.BatchComputation.Outcome;
import io.fewshot.stream.ExampleVectors.Draft;
import io.fewshot.stream.ExampleVectors.Outdated;
import io.fewshot.stream.PatientEncoder.Wanted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Has the examples of a task whose language changes encoded anew, a few at a time and beside the
 * stream thread, so that a large memory holds up nothing. Belongs to one stream thread.
 */
final class LanguageChanges {

  /** Examples that are looked at in one tick. */
  private static final int LOOKED = 500;

  private static final int BATCH = 32;
  private static final long RETRY_MILLIS = 500;

  private final TaskCatalogue tasks;
  private final ExampleVectors vectors;
  private final BulkEncoder bulk;
  private final Map<String, Language> followed = new HashMap<>();

  /** Tasks whose examples are gone through, and where to go on; null at the beginning. */
  private final Map<String, @Nullable String> open = new LinkedHashMap<>();

  private @Nullable UnderWay underWay;
  private long notBefore;
  private long seenTasks = -1;

  private record UnderWay(
      String task, Language language, Outdated outdated, BulkEncoder.Batch batch) {}

  LanguageChanges(TaskCatalogue tasks, ExampleVectors vectors, BulkEncoder bulk) {
    this.tasks = tasks;
    this.vectors = vectors;
    this.bulk = bulk;
  }

  /**
   * Goes on with it.
   *
   * @param now milliseconds since the epoch
   * @return examples with their new vectors
   */
  List<Draft> follow(long now) {
    noteChanges();
    if (underWay == null && !open.isEmpty() && now >= notBefore) {
      lookOn(now);
    }
    UnderWay current = underWay;
    if (current == null || !current.batch().isDone()) {
      return List.of();
    }
    underWay = null;
    return finished(current, now);
  }

  private void noteChanges() {
    long version = tasks.version();
    if (version == seenTasks) {
      return;
    }
    seenTasks = version;
    for (TaskDefinition task : tasks.all()) {
      if (followed.put(task.task(), task.language()) != task.language()) {
        open.put(task.task(), null);
      }
    }
  }

  private void lookOn(long now) {
    String task = open.keySet().iterator().next();
    String from = open.remove(task);
    Language language = followed.get(task);
    if (language == null) {
      return;
    }
    try {
      Outdated outdated = vectors.outdated(task, language, from, LOOKED, BATCH, now);
      List<Wanted> wanted = outdated.drafts().stream().map(Draft::wanted).toList();
      if (!wanted.isEmpty()) {
        underWay = new UnderWay(task, language, outdated, bulk.start(task, wanted, now));
      }
      if (outdated.next() != null) {
        open.put(task, outdated.next());
      }
    } catch (NotReadyException e) {
      open.put(task, from);
      notBefore = now + RETRY_MILLIS;
    }
  }

  private List<Draft> finished(UnderWay current, long now) {
    Map<Wanted, Outcome<Embedding>> outcomes = current.batch().outcomes();
    List<Draft> drafts = new ArrayList<>();
    for (Draft draft : current.outdated().drafts()) {
      Outcome<Embedding> outcome = outcomes.get(draft.wanted());
      if (outcome instanceof Outcome.Computed<Embedding> computed) {
        draft.setVector(computed.result());
        if (vectors.isCurrent(draft) && followed.get(current.task()) == current.language()) {
          drafts.add(draft);
        }
      } else if (outcome instanceof Outcome.NotReady<Embedding>) {
        // From the beginning: those that are done are passed over.
        open.put(current.task(), null);
        notBefore = now + RETRY_MILLIS;
      }
      // One that cannot be encoded keeps the vector that it has.
    }
    return drafts;
  }

  void close() {
    UnderWay current = underWay;
    if (current != null) {
      current.batch().cancel();
    }
  }
}
