package io.fewshot.ladder;

import io.fewshot.prompt.Rung;
import java.util.List;

/** What one version of a task's linear head says about the candidates. */
record HeadRung(LinearHead head) implements RungScorer {

  /** Keeps the logarithm finite: below that, labels are equally unlikely. */
  private static final double FLOOR = 0.003;

  @Override
  public Rung rung() {
    return Rung.HEAD;
  }

  /** Cases of another encoder's vectors are passed over. */
  @Override
  public void score(List<Case> cases) {
    cases.stream().filter(this::reads).forEach(this::score);
  }

  boolean reads(Case item) {
    return item.encoder().equals(head.encoder());
  }

  private void score(Case item) {
    double[] p =
        item.isStored()
            ? head.probabilitiesWithout(item.text(), item.vector())
            : head.probabilities(item.vector());
    for (Candidate candidate : item.candidates()) {
      candidate.set(Feature.HEAD, Math.log(head.of(candidate.label(), p) + FLOOR));
    }
  }
}
