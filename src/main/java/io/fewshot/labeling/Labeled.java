package io.fewshot.labeling;

import java.time.Instant;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * A message that people answered.
 *
 * @param request as people were asked; null when nobody asked them
 * @param first what was answered before; null when it is not known any more
 * @param ownText the text that a correction brought
 * @param last the correction that counts
 */
record Labeled(
    String queryId,
    String task,
    @Nullable OpenRequest request,
    @Nullable FirstResult first,
    @Nullable String ownText,
    Ballot.Vote last,
    Collection<Ballot.Vote> votes,
    Ballot.State state) {

  /** The message; empty when nobody knows it. */
  String text() {
    return ownText != null ? ownText : request != null ? request.text() : "";
  }

  Instant at() {
    return last.at();
  }
}
