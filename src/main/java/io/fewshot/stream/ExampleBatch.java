package io.fewshot.stream;

import io.fewshot.event.Example;
import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import io.fewshot.stream.BatchComputation.Outcome;
import io.fewshot.stream.ExampleVectors.Draft;
import io.fewshot.stream.PatientEncoder.Wanted;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Examples of one task's queue that are encoded in one go, with their order. */
final class ExampleBatch {

  private final String task;
  private final List<Item> items = new ArrayList<>();
  private final Set<Wanted> wanted = new LinkedHashSet<>();

  /**
   * An example of the batch.
   *
   * @param draft null for a removal
   * @param stored whether the draft has its vector
   * @param notReady why nothing can be computed for it now; null when it can
   */
  private record Item(
      BufferedExample example,
      @Nullable Draft draft,
      boolean stored,
      @Nullable NotReadyException notReady) {}

  /** What is done with each example of the batch, in order. */
  interface Settling {

    /** It has its vector. */
    void encoded(BufferedExample example, Draft draft);

    /** It is to be removed. */
    void removed(BufferedExample example);

    /** Its text cannot be encoded. */
    void failed(BufferedExample example, Throwable cause);
  }

  /**
   * @param language of an example's task, as it is now
   * @param now milliseconds since the epoch
   */
  ExampleBatch(
      String task,
      List<BufferedExample> examples,
      ExampleVectors vectors,
      Function<Example, Language> language,
      long now) {
    this.task = task;
    for (BufferedExample each : examples) {
      items.add(item(each, vectors, language, now));
    }
  }

  private Item item(
      BufferedExample each,
      ExampleVectors vectors,
      Function<Example, Language> language,
      long now) {
    Example example = each.example();
    if (example == null) {
      return new Item(each, null, false, null);
    }
    Draft draft = Draft.of(example, language.apply(example), each.raw().timestamp());
    try {
      vectors.wanted(draft, now).ifPresent(wanted::add);
      return new Item(each, draft, !wanted.contains(draft.wanted()), null);
    } catch (NotReadyException e) {
      return new Item(each, draft, false, e);
    }
  }

  String task() {
    return task;
  }

  List<BufferedExample> examples() {
    return items.stream().map(Item::example).toList();
  }

  /** The texts that must be encoded. */
  Set<Wanted> wanted() {
    return wanted;
  }

  /** Those that must be tried again, in order, and why. */
  record Left(List<BufferedExample> examples, @Nullable NotReadyException why) {}

  /**
   * Deals with each example.
   *
   * @param outcomes of all that is {@link #wanted}
   * @param language as it is by now: who was encoded for another is left
   */
  Left settle(
      Map<Wanted, Outcome<Embedding>> outcomes,
      Function<Example, Language> language,
      Settling settling) {
    Set<Object> held = new HashSet<>();
    List<BufferedExample> left = new ArrayList<>();
    NotReadyException why = null;
    for (Item item : items) {
      BufferedExample example = item.example();
      Object key = example.keyBytes();
      boolean waits = key != null && held.contains(key);
      Draft draft = item.draft();
      Outcome<Embedding> outcome = draft == null ? null : outcomes.get(draft.wanted());
      if (waits) {
        // In order: behind one of its key that must be tried again.
      } else if (draft == null) {
        settling.removed(example);
      } else if (item.notReady() != null) {
        why = item.notReady();
        waits = true;
      } else if (isOutdated(example, draft, language)) {
        waits = true;
      } else if (item.stored()) {
        settling.encoded(example, draft);
      } else if (outcome instanceof Outcome.Computed<Embedding> computed) {
        draft.setVector(computed.result());
        settling.encoded(example, draft);
      } else if (outcome instanceof Outcome.Failed<Embedding> failed) {
        settling.failed(example, failed.cause());
      } else {
        why = outcome instanceof Outcome.NotReady<Embedding> notReady ? notReady.why() : why;
        waits = true;
      }
      if (waits) {
        left.add(example);
        if (key != null) {
          held.add(key);
        }
      }
    }
    return new Left(left, why);
  }

  private static boolean isOutdated(
      BufferedExample example, Draft draft, Function<Example, Language> language) {
    Example written = example.example();
    return written != null && language.apply(written) != draft.language();
  }
}
