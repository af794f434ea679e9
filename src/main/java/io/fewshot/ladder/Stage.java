package io.fewshot.ladder;

import io.fewshot.prompt.Rung;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A point at which a message can leave the ladder.
 *
 * @param asked the rungs that had their say
 * @param head the linear head among them, if one was
 */
record Stage(Set<Rung> asked, @Nullable LinearHead head) {

  Stage {
    asked = Set.copyOf(asked);
  }

  static Stage of(Set<Rung> asked) {
    return new Stage(asked, null);
  }

  Stage and(Rung rung) {
    return new Stage(with(rung), head);
  }

  Stage and(LinearHead version) {
    return new Stage(with(Rung.HEAD), version);
  }

  private Set<Rung> with(Rung rung) {
    Set<Rung> more = EnumSet.of(rung);
    more.addAll(asked);
    return more;
  }

  /** Two versions of a head are two stages, whatever is in them. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Stage stage
        && asked.equals(stage.asked)
        && Objects.equals(version(), stage.version());
  }

  @Override
  public int hashCode() {
    return Objects.hash(asked, version());
  }

  private @Nullable String version() {
    return head == null ? null : head.version();
  }

  @Override
  public String toString() {
    return asked + (head == null ? "" : " with " + head.version());
  }
}
