package io.fewshot.stream;

import io.fewshot.ladder.Answerer.Attempt;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.DeadLetters.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Chooses which waiting queries are answered next: of one task, in the order of their offsets, and
 * none before an earlier one with the same key, whatever that one waits for. Those without hope are
 * given up on the way.
 */
final class QueryBatches {

  /**
   * How long the registry is left alone after it was away: each question would cost its timeout.
   */
  private static final long REGISTRY_PAUSE_MILLIS = 500;

  /** An attempt that waited longer is made again: an example may have come that settles it. */
  private static final long ATTEMPT_MILLIS = 10_000;

  private final WaitingRoom<WaitingQuery> room;
  private final TaskCatalogue tasks;
  private final QueryReader reader;
  private final Duration unknownTaskWait;
  private final GiveUp giveUp;

  /** Those that must climb, by offset. */
  private final NavigableMap<Long, WaitingQuery> climbing = new TreeMap<>();

  private long registryNotBefore;

  /** Makes a waiting query a dead letter, and it leaves the room. */
  @FunctionalInterface
  interface GiveUp {
    void accept(WaitingQuery query, Reason reason, Throwable cause);
  }

  /** Messages of one task, in order. */
  record Batch(TaskDefinition task, List<WaitingQuery> queries) {}

  QueryBatches(
      WaitingRoom<WaitingQuery> room,
      TaskCatalogue tasks,
      QueryReader reader,
      Duration unknownTaskWait,
      GiveUp giveUp) {
    this.room = room;
    this.tasks = tasks;
    this.reader = reader;
    this.unknownTaskWait = unknownTaskWait;
    this.giveUp = giveUp;
  }

  /** The next queries that the cheap rungs were not asked about yet. */
  Optional<Batch> untried(int most, long now) {
    return next(query -> !query.climbs(), most, now);
  }

  /** The next queries that must climb; those that climbed too long ago are untried from now on. */
  Optional<Batch> climbing(int most, long now) {
    List.copyOf(climbing.values()).stream()
        .limit(most)
        .filter(query -> query.forgetAttemptBefore(now - ATTEMPT_MILLIS))
        .forEach(query -> climbing.remove(query.raw().offset()));
    return next(WaitingQuery::climbs, most, now);
  }

  /** The cheap rungs were asked and did not settle it. */
  void mustClimb(WaitingQuery query, Attempt attempt, long now) {
    query.attempted(attempt, now);
    climbing.put(query.raw().offset(), query);
  }

  /** How many must climb. */
  int climbing() {
    return climbing.size();
  }

  /** It is dealt with. */
  void leave(long offset) {
    room.leave(offset);
    climbing.remove(offset);
  }

  private Optional<Batch> next(Predicate<WaitingQuery> kind, int most, long now) {
    HeldKeys held = new HeldKeys();
    List<WaitingQuery> batch = new ArrayList<>();
    @Nullable TaskDefinition chosen = null;
    for (WaitingQuery query : room.inOrder()) {
      if (batch.size() == most) {
        break;
      }
      if (held.holds(query.raw())) {
        continue;
      }
      TaskDefinition task = readyTask(query, now).orElse(null);
      if (task != null && kind.test(query) && (chosen == null || chosen.equals(task))) {
        chosen = task;
        batch.add(query);
      } else if (room.holds(query.raw().offset())) {
        held.hold(query.raw());
      }
    }
    return chosen == null ? Optional.empty() : Optional.of(new Batch(chosen, batch));
  }

  /** The query's task, when the query can be answered now. */
  private Optional<TaskDefinition> readyTask(WaitingQuery query, long now) {
    if (!query.mayBeTried(now) || !(query.isDecoded() || decode(query, now))) {
      return Optional.empty();
    }
    String name = query.query().getTask();
    Optional<TaskDefinition> task = tasks.find(name);
    if (task.isEmpty()
        && !tasks.isPending(name)
        && now - query.arrivedAt() >= unknownTaskWait.toMillis()) {
      giveUp.accept(
          query,
          Reason.UNKNOWN_TASK,
          new DeadLetters.Refused("there is no task `%s`".formatted(name)));
    }
    return task;
  }

  private boolean decode(WaitingQuery query, long now) {
    if (now < registryNotBefore) {
      return false;
    }
    QueryReader.Outcome outcome = reader.read(query.raw());
    if (outcome instanceof QueryReader.Outcome.Good good) {
      query.decoded(good.query());
      return true;
    }
    if (outcome instanceof QueryReader.Outcome.Bad bad) {
      giveUp.accept(query, bad.reason(), bad.cause());
    } else {
      registryNotBefore = now + REGISTRY_PAUSE_MILLIS;
    }
    return false;
  }
}
