package io.fewshot.labeling;

import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What people said about one message: the last word of each labeler. Not safe for use by several
 * threads.
 *
 * <p>A message is agreed on when as many labelers as the task asks for have answered and more than
 * half of them say the same, or when someone has settled it. The corrections themselves are in the
 * topic at once, where the last one counts: until the others have answered, the first labeler's
 * word teaches.
 */
final class Ballot {

  /** What a labeler said. */
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
  private @Nullable Vote settled;
  private @Nullable Vote last;
  private @Nullable String task;
  private @Nullable String text;

  Ballot(String queryId) {
    this.queryId = queryId;
  }

  String queryId() {
    return queryId;
  }

  /** The message's task, as far as a correction named it. */
  @Nullable String task() {
    return task;
  }

  /** The message's text, as far as a correction brought it. */
  @Nullable String text() {
    return text;
  }

  /**
   * Counts a vote; a labeler's later one replaces the earlier.
   *
   * @param settles whether it ends the vote
   */
  void add(Vote vote, @Nullable String task, @Nullable String text, boolean settles) {
    if (settles) {
      settled = vote;
    } else {
      votes.remove(vote.labeler());
      votes.put(vote.labeler(), vote);
    }
    last = vote;
    if (task != null) {
      this.task = task;
    }
    if (text != null) {
      this.text = text;
    }
  }

  State state(int agreement) {
    if (settled != null) {
      return State.AGREED;
    }
    if (votes.size() < agreement) {
      return State.OPEN;
    }
    return agreement == 1 || majority().isPresent() ? State.AGREED : State.DISPUTED;
  }

  /** What more than half of the labelers say. */
  Optional<String> majority() {
    Map<String, Integer> counts = new LinkedHashMap<>();
    votes.values().forEach(vote -> counts.merge(vote.output(), 1, Integer::sum));
    return counts.entrySet().stream()
        .filter(entry -> entry.getValue() * 2 > votes.size())
        .map(Map.Entry::getKey)
        .findFirst();
  }

  boolean hasVoted(String labeler) {
    return votes.containsKey(labeler);
  }

  Collection<Vote> votes() {
    return List.copyOf(votes.values());
  }

  /** The correction that counts, which is the last. */
  Vote last() {
    Vote vote = last;
    if (vote == null) {
      throw new IllegalStateException("a ballot has at least one vote");
    }
    return vote;
  }
}
