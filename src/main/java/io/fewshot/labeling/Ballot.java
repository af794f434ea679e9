package io.fewshot.labeling;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What people said about one message: the last vote of each labeler where several must agree, and
 * the correction that came of it. Not safe for use by several threads.
 *
 * <p>A message is agreed on when as many labelers as the task asks for have answered and more than
 * half of them say the same, or as soon as there is a correction, whoever wrote it: somebody who
 * settled the vote, or another producer. Votes teach nothing, only corrections do. Both are in
 * topics of their own, which are read in no order among each other, so neither half changes the
 * other.
 */
final class Ballot {

  /** What somebody said. */
  record Vote(String labeler, String output, Instant at) {}

  /** How far it is. */
  enum State {
    /** More labelers are wanted. */
    OPEN,
    AGREED,
    /** All have answered, and there is no majority. */
    DISPUTED
  }

  private final String queryId;
  private final Map<String, Vote> votes = new LinkedHashMap<>();
  private @Nullable Vote correction;
  private @Nullable String task;
  private @Nullable String text;

  Ballot(String queryId) {
    this.queryId = queryId;
  }

  String queryId() {
    return queryId;
  }

  /** The message's task, as far as a vote or a correction named it. */
  @Nullable String task() {
    return task;
  }

  /** The message's text, as far as a correction brought it. */
  @Nullable String text() {
    return text;
  }

  /** Counts a vote; a labeler's later one replaces the earlier. */
  void vote(String task, Vote vote) {
    votes.remove(vote.labeler());
    votes.put(vote.labeler(), vote);
    this.task = task;
  }

  /** Takes a correction; the last one counts. */
  void correct(Vote correction, @Nullable String task, @Nullable String text) {
    this.correction = correction;
    if (task != null) {
      this.task = task;
    }
    if (text != null) {
      this.text = text;
    }
  }

  void withdrawVotes() {
    votes.clear();
  }

  void withdrawCorrection() {
    correction = null;
  }

  /** Whether nobody says anything. */
  boolean isEmpty() {
    return votes.isEmpty() && correction == null;
  }

  boolean isCorrected() {
    return correction != null;
  }

  boolean hasVotes() {
    return !votes.isEmpty();
  }

  State state(int agreement) {
    if (correction != null) {
      return State.AGREED;
    }
    if (votes.size() < agreement) {
      return State.OPEN;
    }
    return majority().isPresent() ? State.AGREED : State.DISPUTED;
  }

  /**
   * What the labelers agree on while no correction says so yet: the last vote for it, so that
   * whoever writes the correction writes the very same.
   */
  Optional<Vote> due(int agreement) {
    return correction == null && votes.size() >= agreement ? majority() : Optional.empty();
  }

  /** The last vote for what more than half of the labelers say. */
  private Optional<Vote> majority() {
    Map<String, Integer> counts = new LinkedHashMap<>();
    votes.values().forEach(vote -> counts.merge(vote.output(), 1, Integer::sum));
    return votes.values().stream()
        .filter(vote -> counts.getOrDefault(vote.output(), 0) * 2 > votes.size())
        .max(Comparator.comparing(Vote::at).thenComparing(Vote::labeler));
  }

  boolean hasVoted(String labeler) {
    return votes.containsKey(labeler);
  }

  /** How many labelers have voted. */
  int size() {
    return votes.size();
  }

  /** The last vote of each labeler, in their order. */
  Collection<Vote> votes() {
    return List.copyOf(votes.values());
  }

  /** What everybody said: the votes, and the correction unless it is one of them. */
  Collection<Vote> said() {
    List<Vote> said = new ArrayList<>(votes.values());
    Vote corrected = correction;
    if (corrected != null && !said.contains(corrected)) {
      said.add(corrected);
    }
    return said;
  }

  /** What counts: the correction, or else the last vote. */
  Vote last() {
    Vote corrected = correction;
    if (corrected != null) {
      return corrected;
    }
    return votes.values().stream()
        .max(Comparator.comparing(Vote::at))
        .orElseThrow(() -> new IllegalStateException("nobody has said anything"));
  }
}
