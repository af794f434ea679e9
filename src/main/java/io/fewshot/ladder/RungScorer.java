package io.fewshot.ladder;

import io.fewshot.prompt.Rung;
import java.util.List;

/** A way of weighing a message's candidates. Safe for use by several threads. */
interface RungScorer {

  Rung rung();

  /**
   * Sets its features of every candidate of every case.
   *
   * @throws Answerer.NotReadyException when the model that it needs is not there yet
   */
  void score(List<Case> cases);
}
