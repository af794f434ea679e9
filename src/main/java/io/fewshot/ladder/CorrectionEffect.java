package io.fewshot.ladder;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * Measures what one correction does for the same wish in other words.
 *
 * <p>Protocol: test messages come in the order of a seed. One that is answered wrongly, or not
 * accepted, is a candidate for a correction. Its partner is the nearest other test message of the
 * same label, by cosine, that is below {@value #NEAR_DUPLICATE} (above, a pair counts as near
 * duplicates for the data set's split too) and is no partner or corrected message of an earlier
 * pair. The partner is asked without the correction, then with the corrected message as one more
 * example, and the example is removed again. Nothing else changes: no calibration, no head is
 * renewed. Test messages are in nobody's memory, and the rule knows nothing of what the partner's
 * answers are.
 *
 * @param pairs how many there were
 * @param before partners that were right without the correction
 * @param after and with it
 * @param wrong pairs whose corrected message was answered wrongly; in the others the best guess was
 *     right, but not accepted
 * @param wrongBefore partners of those that were right without the correction
 * @param wrongAfter and with it
 */
public record CorrectionEffect(
    int pairs, int before, int after, int wrong, int wrongBefore, int wrongAfter) {

  static final double NEAR_DUPLICATE = 0.93;

  private static final int BATCH = 32;
  private static final String CORRECTION = "correction";

  /** A message of the test with its vector. */
  private record Told(Evaluation.Row row, Embedding embedding) {}

  /** A message to correct and the one to ask. */
  private record Pair(Told corrected, Told partner, boolean wrong) {}

  /** Measures on so many pairs, or on as many as there are. */
  static CorrectionEffect measure(
      TaskDefinition task,
      List<Evaluation.Row> test,
      int most,
      long seed,
      Encoders encoders,
      ExampleMemory memory,
      Ladder ladder,
      Evaluation.Progress progress) {
    List<Told> told = encode(task, test, seed, encoders, progress);
    List<Pair> pairs = pairs(task, told, most, ladder, progress);
    int[] right = new int[4];
    int wrong = 0;
    for (int i = 0; i < pairs.size(); i++) {
      Pair pair = pairs.get(i);
      boolean before = isRight(task, pair.partner(), ladder);
      memory.put(example(task, pair.corrected()));
      boolean after = isRight(task, pair.partner(), ladder);
      memory.remove(task.task(), CORRECTION);
      right[0] += before ? 1 : 0;
      right[1] += after ? 1 : 0;
      if (pair.wrong()) {
        wrong++;
        right[2] += before ? 1 : 0;
        right[3] += after ? 1 : 0;
      }
      progress.at("correcting", i + 1, pairs.size());
    }
    return new CorrectionEffect(pairs.size(), right[0], right[1], wrong, right[2], right[3]);
  }

  private static List<Told> encode(
      TaskDefinition task,
      List<Evaluation.Row> test,
      long seed,
      Encoders encoders,
      Evaluation.Progress progress) {
    List<Evaluation.Row> rows = new ArrayList<>(test);
    Collections.shuffle(rows, new Random(seed));
    List<Told> told = new ArrayList<>();
    for (int from = 0; from < rows.size(); from += BATCH) {
      List<Evaluation.Row> batch = rows.subList(from, Math.min(rows.size(), from + BATCH));
      List<Embedding> embeddings =
          encoders.encode(task.language(), batch.stream().map(Evaluation.Row::text).toList());
      for (int i = 0; i < batch.size(); i++) {
        told.add(new Told(batch.get(i), embeddings.get(i)));
      }
      progress.at("encoding the test", told.size(), rows.size());
    }
    return told;
  }

  private static List<Pair> pairs(
      TaskDefinition task, List<Told> told, int most, Ladder ladder, Evaluation.Progress progress) {
    List<Pair> pairs = new ArrayList<>();
    Set<Told> used = new HashSet<>();
    for (int from = 0; from < told.size() && pairs.size() < most; from += BATCH) {
      List<Told> batch = told.subList(from, Math.min(told.size(), from + BATCH));
      List<Answer> answers =
          ladder.answer(batch.stream().map(each -> new Message(task, each.row().text())).toList());
      for (int i = 0; i < batch.size() && pairs.size() < most; i++) {
        Told corrected = batch.get(i);
        boolean wrong = !corrected.row().label().equals(answers.get(i).output());
        if (used.contains(corrected) || !wrong && answers.get(i).accepted()) {
          continue;
        }
        Optional<Told> partner = partner(corrected, told, used);
        if (partner.isPresent()) {
          pairs.add(new Pair(corrected, partner.get(), wrong));
          used.add(corrected);
          used.add(partner.get());
        }
      }
      progress.at("finding what to correct", pairs.size(), most);
    }
    return pairs;
  }

  private static Optional<Told> partner(Told corrected, List<Told> told, Set<Told> used) {
    Told nearest = null;
    double best = -1;
    for (Told other : told) {
      if (other != corrected
          && other.row().label().equals(corrected.row().label())
          && other.embedding().encoder().equals(corrected.embedding().encoder())
          && !used.contains(other)) {
        double cosine = Embedding.dot(other.embedding().vector(), corrected.embedding().vector());
        if (cosine < NEAR_DUPLICATE && cosine > best) {
          best = cosine;
          nearest = other;
        }
      }
    }
    return Optional.ofNullable(nearest);
  }

  /** As in an evaluation: what is taken for novel is not right. */
  private static boolean isRight(TaskDefinition task, Told told, Ladder ladder) {
    Answer answer = ladder.answer(List.of(new Message(task, told.row().text()))).get(0);
    return told.row().label().equals(answer.output()) && !answer.novel();
  }

  private static StoredExample example(TaskDefinition task, Told told) {
    return StoredExample.undated(
        task.task(), CORRECTION, told.row().text(), told.row().label(), told.embedding());
  }
}
