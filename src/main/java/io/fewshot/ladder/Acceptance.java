package io.fewshot.ladder;

import io.fewshot.prompt.Promise;
import io.fewshot.prompt.TaskDefinition;
import java.util.Optional;

/** When a promise lets an answer stand, and when it spares a message the rungs above. */
final class Acceptance {

  /** Under a promise of share or cost more rungs make better answers; this one needs no better. */
  private static final double SURE = 0.95;

  /** What a promise of cost accepts: an answer that is more likely right than wrong. */
  private static final double LIKELY = 0.5;

  private Acceptance() {}

  /**
   * The confidence from which on an answer may stand without people; infinite when none may. With
   * {@code start: cautious} only a proven promise of accuracy lets any stand.
   *
   * @param proof what audits prove; empty when no accuracy is promised
   */
  static double accepts(TaskDefinition task, Calibration calibration, Optional<Proof> proof) {
    if (proof.isPresent()) {
      return proof.get().accepts(task.start());
    }
    return task.start() == TaskDefinition.Start.PROVISIONAL
        ? threshold(task.promise(), calibration)
        : Double.POSITIVE_INFINITY;
  }

  /**
   * The confidence from which on no further rung is asked. A lower one that audits have proven is
   * no reason to leave earlier: they were made of answers that had come that far.
   */
  static double suffices(TaskDefinition task, Calibration calibration, Optional<Proof> proof) {
    double wanted = threshold(task.promise(), calibration);
    boolean betterIsWorthIt =
        task.promise() instanceof Promise.Share || task.promise() instanceof Promise.CostMs;
    if (betterIsWorthIt) {
      return Math.max(wanted, SURE);
    }
    return proof
        .map(found -> found.accepts(TaskDefinition.Start.PROVISIONAL))
        .map(accepts -> Math.max(wanted, accepts))
        .orElse(wanted);
  }

  private static double threshold(Promise promise, Calibration calibration) {
    if (promise instanceof Promise.Accuracy accuracy) {
      return accuracy.value();
    }
    if (promise instanceof Promise.Confidence confidence) {
      return confidence.value();
    }
    if (promise instanceof Promise.Share share) {
      return calibration.reachedBy(share.value());
    }
    return LIKELY;
  }
}
