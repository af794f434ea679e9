package io.fewshot.prompt;

/** What the owner of a task is promised about the answers that are given without asking people. */
public sealed interface Promise {

  /** At least this share of the accepted answers is right. */
  record Accuracy(double value) implements Promise {}

  /** At least this share of all messages is accepted. */
  record Share(double value) implements Promise {}

  /** An answer costs at most this many milliseconds of computing. */
  record CostMs(double value) implements Promise {}

  /** An answer is accepted from this calibrated confidence on. */
  record Confidence(double value) implements Promise {}
}
