package io.fewshot.labeling;

import io.fewshot.labeling.Decisions.Place;
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
    /** All have answered, and there is no majority, or learning refused what they agree on. */
    DISPUTED
  }

  /** Nobody corrects a message more often and then has one refused. */
  private static final int CORRECTIONS = 8;

  private final String queryId;
  private final Map<String, Vote> votes = new LinkedHashMap<>();

  /** By their places in the topic, the last one being the one that counts. */
  private final Map<Place, Vote> corrections = new Bounded<>(CORRECTIONS);

  /** What learning refused last. */
  private @Nullable Vote refused;

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
  void correct(Place place, Vote correction, @Nullable String task, @Nullable String text) {
    corrections.remove(place);
    corrections.put(place, correction);
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
    corrections.clear();
    refused = null;
  }

  /** Learning refused a correction: the one before it counts, if there is any. */
  void refuse(Place place) {
    Vote gone = corrections.remove(place);
    if (gone != null) {
      refused = gone;
    }
  }

  private @Nullable Vote correction() {
    Vote last = null;
    for (Vote each : corrections.values()) {
      last = each;
    }
    return last;
  }

  /** Whether nobody says anything. */
  boolean isEmpty() {
    return votes.isEmpty() && corrections.isEmpty();
  }

  boolean isCorrected() {
    return !corrections.isEmpty();
  }

  boolean hasVotes() {
    return !votes.isEmpty();
  }

  State state(int agreement) {
    if (isCorrected()) {
      return State.AGREED;
    }
    if (votes.size() < agreement) {
      return State.OPEN;
    }
    return due(agreement).isPresent() ? State.AGREED : State.DISPUTED;
  }

  /**
   * What the labelers agree on while no correction says so yet: the last vote for it, so that
   * whoever writes the correction writes the very same. What learning refused is not asked for
   * again: somebody has to settle it.
   */
  Optional<Vote> due(int agreement) {
    return !isCorrected() && votes.size() >= agreement
        ? majority().filter(vote -> !vote.equals(refused))
        : Optional.empty();
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
    Vote corrected = correction();
    if (corrected != null && !said.contains(corrected)) {
      said.add(corrected);
    }
    return said;
  }

  /** What counts: the correction, or else the last vote. */
  Vote last() {
    Vote corrected = correction();
    if (corrected != null) {
      return corrected;
    }
    return votes.values().stream()
        .max(Comparator.comparing(Vote::at))
        .orElseThrow(() -> new IllegalStateException("nobody has said anything"));
  }
}
