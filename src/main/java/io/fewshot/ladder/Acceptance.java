package io.fewshot.ladder;

import io.fewshot.prompt.Promise;

/** When a promise lets an answer stand, and when it spares a message the rungs above. */
final class Acceptance {

  /** Under a promise of share or cost more rungs make better answers; this one needs no better. */
  private static final double SURE = 0.95;

  /** What a promise of cost accepts: an answer that is more likely right than wrong. */
  private static final double LIKELY = 0.5;

  private Acceptance() {}

  /** The confidence from which on an answer may stand without people. */
  static double accepts(Promise promise, Calibration calibration) {
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

  /** The confidence from which on no further rung is asked. */
  static double suffices(Promise promise, Calibration calibration) {
    double accepts = accepts(promise, calibration);
    boolean betterIsWorthIt = promise instanceof Promise.Share || promise instanceof Promise.CostMs;
    return betterIsWorthIt ? Math.max(accepts, SURE) : accepts;
  }
}
