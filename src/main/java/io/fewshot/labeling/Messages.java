package io.fewshot.labeling;

import io.fewshot.labeling.Decisions.Place;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The messages that people are asked about, and what they said. Topics are read in no order among
 * each other, so a message counts as answered by its id alone, whichever of its records came first.
 * Not safe for use by several threads.
 */
final class Messages {

  private static final int REMEMBERED = 100_000;
  private static final int ANSWERED = 20_000;

  private final int usual;
  private final Map<String, Integer> agreements = new HashMap<>();
  private final Map<String, LabelingQueue> queues = new HashMap<>();
  private final Map<String, OpenRequest> answered = new Bounded<>(ANSWERED);
  private final Map<String, Ballot> ballots = new Bounded<>(REMEMBERED);
  private final Map<Place, String> correctedAt = new Bounded<>(REMEMBERED);
  private final Map<Place, Boolean> refused = new Bounded<>(REMEMBERED);
  private final Map<String, Instant> forgotten = new Bounded<>(REMEMBERED);

  /** Those on which labelers agree while no correction says so. */
  private final Set<String> due = new LinkedHashSet<>();

  /**
   * @param usual how many labelers each message needs, unless its task says otherwise
   */
  Messages(int usual) {
    this.usual = usual;
  }

  /** How many labelers each message of a task needs; one without a task has been answered. */
  int agreement(@Nullable String task) {
    return task == null ? usual : agreements.getOrDefault(task, usual);
  }

  /**
   * What a task says of that.
   *
   * @param wanted 0 for the usual number
   */
  void agreement(String task, int wanted) {
    int before = agreement(task);
    if (wanted == 0) {
      agreements.remove(task);
    } else {
      agreements.put(task, wanted);
    }
    if (agreement(task) != before) {
      ballots.values().stream()
          .filter(ballot -> task.equals(ballot.task()))
          .map(Ballot::queryId)
          .toList()
          .forEach(this::sort);
    }
  }

  void request(OpenRequest request) {
    String queryId = request.queryId();
    if (!isForgotten(queryId, request.createdAt())) {
      boolean waits = state(queryId) == Ballot.State.OPEN;
      if (waits) {
        queue(request.task()).put(request);
      } else {
        answered.put(queryId, request);
      }
    }
  }

  void vote(String queryId, String task, Ballot.Vote vote) {
    if (!isForgotten(queryId, vote.at())) {
      ballots.computeIfAbsent(queryId, Ballot::new).vote(task, vote);
      sort(queryId);
    }
  }

  /** Takes a correction, unless learning is known to have refused it. */
  void correction(
      Place place,
      String queryId,
      Ballot.Vote correction,
      @Nullable String task,
      @Nullable String text) {
    if (refused.remove(place) == null) {
      correctedAt.put(place, queryId);
      ballots.computeIfAbsent(queryId, Ballot::new).correct(place, correction, task, text);
      sort(queryId);
    }
  }

  /** Learning refused a correction, which may not have been read yet. */
  void refused(Place place) {
    String queryId = correctedAt.remove(place);
    if (queryId == null) {
      refused.put(place, true);
      return;
    }
    Ballot ballot = ballots.get(queryId);
    if (ballot != null) {
      ballot.refuse(place);
      sort(queryId);
    }
  }

  /** Takes the votes about a message back. */
  void withdrawVotes(String queryId) {
    Ballot ballot = ballots.get(queryId);
    if (ballot != null) {
      ballot.withdrawVotes();
      sort(queryId);
    }
  }

  /** Takes the corrections of a message back; it waits for people again. */
  void withdrawCorrection(String queryId) {
    Ballot ballot = ballots.get(queryId);
    if (ballot != null) {
      ballot.withdrawCorrection();
      sort(queryId);
    }
  }

  /** Lets go of all there is about a message. */
  void forget(String queryId, Instant at) {
    forgotten.put(queryId, at);
    ballots.remove(queryId);
    answered.remove(queryId);
    due.remove(queryId);
    queues.values().forEach(queue -> queue.remove(queryId));
  }

  private boolean isForgotten(String queryId, Instant at) {
    Instant gone = forgotten.get(queryId);
    return gone != null && !at.isAfter(gone);
  }

  /** Puts the message where its ballot says that it belongs. */
  private void sort(String queryId) {
    Ballot ballot = ballots.get(queryId);
    if (ballot != null && ballot.isEmpty()) {
      ballots.remove(queryId);
    }
    if (ballot != null && ballot.due(agreement(ballot.task())).isPresent()) {
      due.add(queryId);
    } else {
      due.remove(queryId);
    }
    if (state(queryId) == Ballot.State.OPEN) {
      OpenRequest request = answered.remove(queryId);
      if (request != null) {
        queue(request.task()).put(request);
      }
    } else {
      queues.values().stream()
          .flatMap(queue -> queue.remove(queryId).stream())
          .findFirst()
          .ifPresent(request -> answered.put(queryId, request));
    }
  }

  private Ballot.State state(String queryId) {
    Ballot ballot = ballots.get(queryId);
    return ballot == null ? Ballot.State.OPEN : ballot.state(agreement(ballot.task()));
  }

  /** Ballots on which labelers agree while no correction says so. */
  List<Ballot> due() {
    return due.stream().flatMap(id -> ballot(id).stream()).toList();
  }

  Optional<Ballot> ballot(String queryId) {
    return Optional.ofNullable(ballots.get(queryId));
  }

  Collection<Ballot> ballots() {
    return ballots.values();
  }

  /** The message, when it waits for people. */
  Optional<OpenRequest> open(String task, String queryId) {
    return queue(task).get(queryId);
  }

  /** The message, when people are or were asked about it. */
  Optional<OpenRequest> find(String queryId) {
    OpenRequest done = answered.get(queryId);
    return done != null
        ? Optional.of(done)
        : queues.values().stream().flatMap(queue -> queue.get(queryId).stream()).findFirst();
  }

  LabelingQueue queue(String task) {
    return queues.computeIfAbsent(task, key -> new LabelingQueue());
  }

  int waiting(String task) {
    LabelingQueue queue = queues.get(task);
    return queue == null ? 0 : queue.size();
  }

  /** How many wait in all tasks. */
  int waiting() {
    return queues.values().stream().mapToInt(LabelingQueue::size).sum();
  }

  /** Tasks with messages that wait. */
  List<String> tasks() {
    return queues.entrySet().stream()
        .filter(entry -> entry.getValue().size() > 0)
        .map(Map.Entry::getKey)
        .toList();
  }
}
