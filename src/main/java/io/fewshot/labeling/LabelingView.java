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
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the topics say, as the page needs it: a bounded view in memory that each start builds anew.
 * Safe for use by several threads.
 */
final class LabelingView {

  private static final int REMEMBERED = 100_000;

  private final Messages messages;
  private final Handout handout;
  private final Map<String, TaskDefinition> tasks = new TreeMap<>();
  private final Map<String, FirstResult> first = new Bounded<>(REMEMBERED);
  private final ExampleBook examples = new ExampleBook();
  private final AuditBook audits = new AuditBook();
  private final Map<String, ModelRelease> releases = new LinkedHashMap<>();
  private final Map<String, ActiveRelease> active = new HashMap<>();
  private long revision;

  /**
   * @param agreement how many labelers each message needs, unless its task says otherwise
   * @param lease how long a message is kept for one labeler
   */
  LabelingView(int agreement, InstantSource clock, Duration lease) {
    this.messages = new Messages(agreement);
    this.handout = new Handout(messages, new Leases(clock, lease));
  }

  /** How many labelers each message of a task needs. */
  synchronized int agreement(String task) {
    return messages.agreement(task);
  }

  /** Grows with every change that can be seen. */
  synchronized long revision() {
    return revision;
  }

  private static <K, V> void put(Map<K, V> map, K key, @Nullable V value) {
    if (value == null) {
      map.remove(key);
    } else {
      map.put(key, value);
    }
  }

  // What the topics say.

  synchronized void task(String name, @Nullable TaskDefinition definition) {
    put(tasks, name, definition);
    messages.agreement(name, definition == null ? 0 : definition.agreement());
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

  synchronized void request(OpenRequest request) {
    messages.request(request);
    revision++;
  }

  synchronized void firstResult(String queryId, FirstResult result) {
    first.putIfAbsent(queryId, result);
    revision++;
  }

  /** What one of several labelers says. */
  synchronized void vote(String queryId, String task, Ballot.Vote vote) {
    messages.vote(queryId, task, vote);
    answered(queryId);
  }

  /** What everybody said about a message is taken back. */
  synchronized void votesWithdrawn(String queryId) {
    messages.withdrawVotes(queryId);
    revision++;
  }

  /** A correction, whoever wrote it: the message needs nobody any more. */
  synchronized void correction(Decisions.Place place, Correction correction, Instant at) {
    String queryId = correction.getQueryId();
    messages.correction(
        place,
        queryId,
        new Ballot.Vote(correction.getLabeler(), correction.getOutput(), at),
        correction.getTask(),
        correction.getText());
    answered(queryId);
  }

  /** Learning refused a correction: the message waits for people again. */
  synchronized void refused(Decisions.Place place) {
    messages.refused(place);
    revision++;
  }

  private void answered(String queryId) {
    if (messages
        .ballot(queryId)
        .filter(ballot -> ballot.state(messages.agreement(ballot.task())) != Ballot.State.OPEN)
        .isPresent()) {
      handout.end(queryId);
    }
    revision++;
  }

  /**
   * Takes the corrections of a message back.
   *
   * @param waits whether it waits for people again, as after an undo; otherwise all of it goes
   */
  synchronized void withdrawn(String queryId, Instant at, boolean waits) {
    if (waits) {
      messages.withdrawCorrection(queryId);
    } else {
      messages.forget(queryId, at);
      first.remove(queryId);
      handout.end(queryId);
    }
    revision++;
  }

  synchronized void example(String key, @Nullable Example example) {
    examples.put(key, example);
    revision++;
  }

  synchronized void release(String key, @Nullable ModelRelease release) {
    put(releases, key, release);
    revision++;
  }

  synchronized void active(String key, @Nullable ActiveRelease release) {
    put(active, key, release);
    revision++;
  }

  // What labelers do.

  /** Looks up who could get which message. */
  synchronized <T> T handingOut(Function<Handout, T> what) {
    return what.apply(handout);
  }

  /** Changes who has which message. */
  synchronized void handOut(Consumer<Handout> change) {
    change.accept(handout);
    revision++;
  }

  /** The message, when it waits for people. */
  synchronized Optional<OpenRequest> open(String task, String queryId) {
    return messages.open(task, queryId);
  }

  /** The messages of a task that wait, in no particular order. */
  synchronized List<OpenRequest> open(String task) {
    return messages.queue(task).all();
  }

  /** What the labelers of a message voted. */
  synchronized Collection<Ballot.Vote> votes(String queryId) {
    return messages.ballot(queryId).map(Ballot::votes).orElse(List.of());
  }

  /** What everybody said about a message: votes and correction. */
  synchronized Collection<Ballot.Vote> said(String queryId) {
    return messages.ballot(queryId).map(Ballot::said).orElse(List.of());
  }

  /** Whether there is a correction of the message. */
  synchronized boolean isCorrected(String queryId) {
    return messages.ballot(queryId).filter(Ballot::isCorrected).isPresent();
  }

  /** What labelers agree on while no correction says so yet. */
  synchronized List<Labeled> due() {
    return messages.due().stream().flatMap(ballot -> labeled(ballot).stream()).toList();
  }

  // What is shown.

  synchronized Optional<TaskDefinition> definition(String task) {
    return Optional.ofNullable(tasks.get(task));
  }

  /** All that have a definition or messages that wait. */
  synchronized Set<String> tasks() {
    Set<String> names = new TreeSet<>(tasks.keySet());
    names.addAll(messages.tasks());
    return names;
  }

  synchronized int waiting(String task) {
    return messages.waiting(task);
  }

  /** Messages of all tasks that wait for people. */
  synchronized int allWaiting() {
    return messages.waiting();
  }

  /** What the audits prove of a task's promise; empty when it promises no accuracy. */
  Optional<Proof> proof(TaskDefinition task) {
    return audits.proof(task);
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
    for (Ballot ballot : messages.ballots()) {
      labeled(ballot).filter(each -> each.task().equals(task)).ifPresent(all::add);
    }
    all.sort((a, b) -> b.at().compareTo(a.at()));
    return all.size() <= limit ? all : List.copyOf(all.subList(0, limit));
  }

  /** What people answered to one message. */
  synchronized Optional<Labeled> labeledMessage(String queryId) {
    return messages.ballot(queryId).flatMap(this::labeled);
  }

  private Optional<Labeled> labeled(Ballot ballot) {
    String queryId = ballot.queryId();
    OpenRequest request = messages.find(queryId).orElse(null);
    FirstResult guess = first.get(queryId);
    String task = request != null ? request.task() : guess != null ? guess.task() : ballot.task();
    return task == null
        ? Optional.empty()
        : Optional.of(
            new Labeled(
                queryId,
                task,
                request,
                guess,
                ballot.text(),
                ballot.due(messages.agreement(task)).orElseGet(ballot::last),
                ballot.said(),
                ballot.state(messages.agreement(task))));
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
}
