package io.fewshot.labeling;

import io.fewshot.event.ActiveRelease;
import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.ModelRelease;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.AuditOutcome;
import io.fewshot.ladder.AuditBook;
import io.fewshot.ladder.Proof;
import io.fewshot.prompt.TaskDefinition;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the topics say, as the page needs it: a bounded view in memory that each start builds anew.
 * Topics are read in no order among each other, so a message counts as answered by its id alone,
 * whichever of its records came first. Safe for use by several threads.
 */
final class LabelingView {

  private static final int REMEMBERED = 100_000;
  private static final int ANSWERED = 20_000;
  private static final int SKIPS = 10_000;

  private final int agreement;
  private final Leases leases;
  private final Map<String, TaskDefinition> tasks = new TreeMap<>();
  private final Map<String, LabelingQueue> queues = new HashMap<>();
  private final Map<String, OpenRequest> answered = new Bounded<>(ANSWERED);
  private final Map<String, FirstResult> first = new Bounded<>(REMEMBERED);
  private final Map<String, Ballot> ballots = new Bounded<>(REMEMBERED);
  private final Map<String, Instant> forgotten = new Bounded<>(REMEMBERED);
  private final Map<String, Set<String>> skipped = new Bounded<>(SKIPS);
  private final ExampleBook examples = new ExampleBook();
  private final AuditBook audits = new AuditBook();
  private final Map<String, ModelRelease> releases = new LinkedHashMap<>();
  private final Map<String, ActiveRelease> active = new HashMap<>();
  private long revision;

  /**
   * @param agreement how many labelers each message needs
   * @param lease how long a message is kept for one labeler
   */
  LabelingView(int agreement, InstantSource clock, Duration lease) {
    this.agreement = agreement;
    this.leases = new Leases(clock, lease);
  }

  int agreement() {
    return agreement;
  }

  /** Grows with every change that can be seen. */
  synchronized long revision() {
    return revision;
  }

  // What the topics say.

  synchronized void task(String name, @Nullable TaskDefinition definition) {
    if (definition == null) {
      tasks.remove(name);
    } else {
      tasks.put(name, definition);
    }
    revision++;
  }

  /** What a person said about a message that was drawn for an audit; null takes it back. */
  synchronized void audit(String id, @Nullable AuditOutcome outcome) {
    if (outcome == null) {
      audits.remove(id);
    } else {
      audits.put(
          id,
          outcome.getTask(),
          new AuditBook.Audited(outcome.getConfidence(), outcome.getRight()));
    }
    revision++;
  }

  /** What the audits prove of a task's promise; empty when it promises no accuracy. */
  Optional<Proof> proof(TaskDefinition task) {
    return audits.proof(task);
  }

  synchronized void request(OpenRequest request) {
    Instant gone = forgotten.get(request.queryId());
    if (gone != null && !request.createdAt().isAfter(gone)) {
      return;
    }
    Ballot ballot = ballots.get(request.queryId());
    if (ballot == null || ballot.state(agreement) == Ballot.State.OPEN) {
      queue(request.task()).put(request);
    } else {
      answered.put(request.queryId(), request);
    }
    revision++;
  }

  synchronized void firstResult(String queryId, FirstResult result) {
    first.putIfAbsent(queryId, result);
    revision++;
  }

  /**
   * Counts a correction.
   *
   * @param settles whether it ends a vote
   */
  synchronized void correction(Correction correction, Instant at, boolean settles) {
    String queryId = correction.getQueryId();
    Ballot ballot = ballots.computeIfAbsent(queryId, Ballot::new);
    ballot.add(
        new Ballot.Vote(correction.getLabeler(), correction.getOutput(), at),
        correction.getTask(),
        correction.getText(),
        settles);
    if (ballot.state(agreement) != Ballot.State.OPEN) {
      queues.values().stream()
          .flatMap(queue -> queue.remove(queryId).stream())
          .findFirst()
          .ifPresent(request -> answered.put(queryId, request));
      leases.end(queryId);
    }
    revision++;
  }

  /**
   * Takes the corrections of a message back.
   *
   * @param waits whether it waits for people again, as after an undo; otherwise all of it goes
   */
  synchronized void withdrawn(String queryId, Instant at, boolean waits) {
    ballots.remove(queryId);
    OpenRequest request = answered.remove(queryId);
    if (waits) {
      if (request != null) {
        queue(request.task()).put(request);
      }
    } else {
      forgotten.put(queryId, at);
      queues.values().forEach(queue -> queue.remove(queryId));
      first.remove(queryId);
      leases.end(queryId);
    }
    revision++;
  }

  synchronized void example(String key, @Nullable Example example) {
    examples.put(key, example);
    revision++;
  }

  synchronized void release(String key, @Nullable ModelRelease release) {
    if (release == null) {
      releases.remove(key);
    } else {
      releases.put(key, release);
    }
    revision++;
  }

  synchronized void active(String key, @Nullable ActiveRelease release) {
    if (release == null) {
      active.remove(key);
    } else {
      active.put(key, release);
    }
    revision++;
  }

  // What labelers do.

  /**
   * The message that this labeler should answer: the one that they have already, or the most useful
   * that nobody else looks at.
   *
   * @param holder the labeler's session
   * @param labeler their name
   */
  synchronized Optional<OpenRequest> next(String task, String holder, String labeler) {
    LabelingQueue queue = queue(task);
    Set<String> notNow = skipped.getOrDefault(holder, Set.of());
    Supplier<Optional<OpenRequest>> another =
        () ->
            queue.next(
                request -> !notNow.contains(request.queryId()) && isFree(request, holder, labeler));
    Optional<OpenRequest> mine =
        leases.heldBy(holder).stream()
            .flatMap(id -> queue.get(id).stream())
            .filter(request -> isFree(request, holder, labeler))
            .findFirst();
    Optional<OpenRequest> next = mine.isPresent() ? mine : another.get();
    next.ifPresent(request -> leases.take(request.queryId(), holder));
    return next;
  }

  private boolean isFree(OpenRequest request, String holder, String labeler) {
    Ballot ballot = ballots.get(request.queryId());
    int voted = ballot == null ? 0 : ballot.votes().size();
    return (ballot == null || !ballot.hasVoted(labeler))
        && voted + leases.heldByOthers(request.queryId(), holder) < agreement;
  }

  /** Open messages of a task that this labeler could answer too. */
  synchronized List<OpenRequest> free(String task, String holder, String labeler) {
    return queue(task).all().stream().filter(request -> isFree(request, holder, labeler)).toList();
  }

  /** Puts a message aside for this labeler, until they have no other. */
  synchronized void skip(String queryId, String holder) {
    skipped.computeIfAbsent(holder, key -> new HashSet<>()).add(queryId);
    leases.release(queryId, holder);
    revision++;
  }

  /** Brings back what this labeler put aside; whether there was anything. */
  synchronized boolean unskip(String holder) {
    return skipped.remove(holder) != null;
  }

  /** Lets this labeler look at this message and at no other. */
  synchronized void takeOnly(String queryId, String holder) {
    leases.heldBy(holder).forEach(id -> leases.release(id, holder));
    leases.take(queryId, holder);
  }

  synchronized void release(String queryId, String holder) {
    leases.release(queryId, holder);
  }

  /** The message, when it waits for people. */
  synchronized Optional<OpenRequest> open(String task, String queryId) {
    return queue(task).get(queryId);
  }

  /** The message, when people are or were asked about it. */
  synchronized Optional<OpenRequest> find(String queryId) {
    OpenRequest done = answered.get(queryId);
    return done != null
        ? Optional.of(done)
        : queues.values().stream().flatMap(queue -> queue.get(queryId).stream()).findFirst();
  }

  /** What each labeler said about a message. */
  synchronized List<Ballot.Vote> votes(String queryId) {
    Ballot ballot = ballots.get(queryId);
    return ballot == null ? List.of() : List.copyOf(ballot.votes());
  }

  // What is shown.

  synchronized Optional<TaskDefinition> definition(String task) {
    return Optional.ofNullable(tasks.get(task));
  }

  /** All that have a definition or messages that wait. */
  synchronized Set<String> tasks() {
    Set<String> names = new TreeSet<>(tasks.keySet());
    queues.forEach(
        (task, queue) -> {
          if (queue.size() > 0) {
            names.add(task);
          }
        });
    return names;
  }

  synchronized int waiting(String task) {
    LabelingQueue queue = queues.get(task);
    return queue == null ? 0 : queue.size();
  }

  /** Messages of all tasks that wait for people. */
  synchronized int allWaiting() {
    return queues.values().stream().mapToInt(LabelingQueue::size).sum();
  }

  /** Runs something that reads several things in one state. */
  synchronized <T> T reading(Supplier<T> read) {
    return read.get();
  }

  /** For use within {@link #reading}. */
  ExampleBook examples() {
    return examples;
  }

  /** The examples that the guess about a message rests on, nearest first. */
  synchronized List<ExampleBook.Shown> evidence(String task, List<String> exampleIds) {
    return exampleIds.stream()
        .flatMap(id -> examples.get(Topics.exampleKey(task, id)).stream())
        .toList();
  }

  /** What people answered, the latest first. */
  synchronized List<Labeled> labeled(String task, int limit) {
    List<Labeled> all = new ArrayList<>();
    for (Ballot ballot : ballots.values()) {
      labeled(ballot).filter(each -> each.task().equals(task)).ifPresent(all::add);
    }
    all.sort((a, b) -> b.at().compareTo(a.at()));
    return all.size() <= limit ? all : List.copyOf(all.subList(0, limit));
  }

  /** What people answered to one message. */
  synchronized Optional<Labeled> labeledMessage(String queryId) {
    return Optional.ofNullable(ballots.get(queryId)).flatMap(this::labeled);
  }

  private Optional<Labeled> labeled(Ballot ballot) {
    String queryId = ballot.queryId();
    OpenRequest request = find(queryId).orElse(null);
    FirstResult guess = first.get(queryId);
    String task = request != null ? request.task() : guess != null ? guess.task() : ballot.task();
    if (task == null) {
      return Optional.empty();
    }
    return Optional.of(
        new Labeled(
            queryId,
            task,
            request,
            guess,
            ballot.text(),
            ballot.last(),
            ballot.votes(),
            ballot.state(agreement)));
  }

  /** First results of a task, in the order in which they came. */
  synchronized List<FirstResult> firstResults(String task) {
    return first.values().stream().filter(result -> result.task().equals(task)).toList();
  }

  synchronized List<ModelRelease> releases(String task) {
    return releases.values().stream().filter(release -> release.getTask().equals(task)).toList();
  }

  synchronized List<ActiveRelease> active(String task) {
    return active.values().stream().filter(release -> release.getTask().equals(task)).toList();
  }

  private LabelingQueue queue(String task) {
    return queues.computeIfAbsent(task, key -> new LabelingQueue());
  }
}
