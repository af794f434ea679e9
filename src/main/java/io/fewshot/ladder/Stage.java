package io.fewshot.ladder;

import io.fewshot.prompt.Rung;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A point at which a message can leave the ladder.
 *
 * @param asked the rungs that had their say
 * @param head the linear head among them, if one was
 * @param tuned the fine-tuned model among them, if one was
 */
record Stage(Set<Rung> asked, @Nullable LinearHead head, @Nullable FineTuned tuned) {

  Stage {
    asked = Set.copyOf(asked);
  }

  static Stage of(Set<Rung> asked) {
    return new Stage(asked, null, null);
  }

  Stage and(Rung rung) {
    return new Stage(with(rung), head, tuned);
  }

  Stage and(RungScorer rung) {
    return rung instanceof FineTunedRung tuned ? and(tuned.release()) : and(rung.rung());
  }

  Stage and(LinearHead version) {
    return new Stage(with(Rung.HEAD), version, tuned);
  }

  Stage and(FineTuned version) {
    return new Stage(with(Rung.FINE_TUNED), head, version);
  }

  private Set<Rung> with(Rung rung) {
    Set<Rung> more = EnumSet.of(rung);
    more.addAll(asked);
    return more;
  }

  /** Two versions of a release are two stages, whatever is in them. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Stage stage
        && asked.equals(stage.asked)
        && Objects.equals(versions(), stage.versions());
  }

  @Override
  public int hashCode() {
    return Objects.hash(asked, versions());
  }

  private List<String> versions() {
    return List.of(head == null ? "" : head.version(), tuned == null ? "" : tuned.version());
  }

  @Override
  public String toString() {
    return asked + " with " + versions();
  }
}
