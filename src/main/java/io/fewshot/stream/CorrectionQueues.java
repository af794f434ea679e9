package io.fewshot.stream;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Where the corrections of one partition wait: in order for each message, and the first of each by
 * what it waits for. None is looked at again before that may have come or its time is up, so that
 * ten thousand that wait cost one that need not nothing. Belongs to one stream thread.
 */
final class CorrectionQueues {

  /** What is waited for when no record can be written, because the registry is away. */
  static final int WRITING = -2;

  private final Map<String, Deque<WaitingCorrection>> byMessage = new HashMap<>();

  /** Earliest first, as far as they came first of their message. */
  private final Set<WaitingCorrection> forMessage = new LinkedHashSet<>();

  private final Map<String, Set<WaitingCorrection>> byTask = new HashMap<>();
  private final Map<Integer, Set<WaitingCorrection>> bySchema = new LinkedHashMap<>();
  private final Map<WaitingCorrection, Place> places = new HashMap<>();
  private final PriorityQueue<Deadline> deadlines =
      new PriorityQueue<>(Comparator.comparingLong(Deadline::at));

  /** Messages whose first correction may go on. */
  private final Deque<String> ready = new ArrayDeque<>();

  private record Deadline(WaitingCorrection correction, long at) {}

  /**
   * Where a correction waits, and until when.
   *
   * @param task that it waits for; null when it is not that
   */
  private record Place(
      Set<WaitingCorrection> set, @Nullable String task, @Nullable Deadline deadline) {

    boolean is(@Nullable String otherTask, long until) {
      return deadline != null && deadline.at() == until && Objects.equals(task, otherTask);
    }
  }

  /** Takes a correction in, behind those of its message; whether it is the first. */
  boolean add(WaitingCorrection correction) {
    Deque<WaitingCorrection> sameMessage =
        byMessage.computeIfAbsent(correction.queryId, id -> new ArrayDeque<>(2));
    sameMessage.addLast(correction);
    return sameMessage.size() == 1;
  }

  /** The first correction of a message. */
  Optional<WaitingCorrection> first(String queryId) {
    return Optional.ofNullable(byMessage.get(queryId)).map(Deque::getFirst);
  }

  /** The first correction of its message is dealt with; the next, if any, is the first then. */
  void done(WaitingCorrection correction) {
    stopWaiting(correction);
    Deque<WaitingCorrection> sameMessage = byMessage.get(correction.queryId);
    if (sameMessage != null) {
      sameMessage.remove(correction);
      if (sameMessage.isEmpty()) {
        byMessage.remove(correction.queryId);
      }
    }
  }

  /** All of a message; they leave. */
  List<WaitingCorrection> takeAll(String queryId) {
    Deque<WaitingCorrection> all = byMessage.remove(queryId);
    if (all == null) {
      return List.of();
    }
    all.forEach(this::stopWaiting);
    return List.copyOf(all);
  }

  /**
   * Its message is not known.
   *
   * @param until when it is given up, in milliseconds since the epoch
   */
  void awaitMessage(WaitingCorrection correction, long until) {
    await(correction, null, until);
  }

  /**
   * Its task is not known.
   *
   * @param until when it is given up, in milliseconds since the epoch
   */
  void awaitTask(WaitingCorrection correction, String task, long until) {
    await(correction, task, until);
  }

  /** The schema with this id is not known, or {@link #WRITING}. */
  void awaitSchema(WaitingCorrection correction, int id) {
    stopWaiting(correction);
    Set<WaitingCorrection> set = bySchema.computeIfAbsent(id, none -> new LinkedHashSet<>());
    set.add(correction);
    places.put(correction, new Place(set, null, null));
  }

  private void await(WaitingCorrection correction, @Nullable String task, long until) {
    Place before = places.get(correction);
    if (before != null && before.is(task, until)) {
      return;
    }
    stopWaiting(correction);
    Set<WaitingCorrection> set =
        task == null ? forMessage : byTask.computeIfAbsent(task, name -> new LinkedHashSet<>());
    Deadline deadline = new Deadline(correction, until);
    set.add(correction);
    places.put(correction, new Place(set, task, deadline));
    deadlines.add(deadline);
  }

  private void stopWaiting(WaitingCorrection correction) {
    Place place = places.remove(correction);
    if (place != null) {
      place.set().remove(correction);
      if (place.task() != null && place.set().isEmpty()) {
        byTask.remove(place.task());
      }
    }
  }

  /** Some task's definition has come or gone. */
  void tasksChanged(Predicate<String> known) {
    byTask
        .entrySet()
        .removeIf(
            entry -> {
              boolean found = known.test(entry.getKey());
              if (found) {
                for (WaitingCorrection each : entry.getValue()) {
                  places.remove(each);
                  ready.add(each.queryId);
                }
              }
              return found;
            });
  }

  /**
   * Messages whose first correction must be looked at again: its time is up, or what it waited for
   * is there.
   *
   * @param now milliseconds since the epoch
   * @param limit of messages
   */
  List<String> due(long now, int limit) {
    List<String> due = new ArrayList<>();
    while (due.size() < limit && !ready.isEmpty()) {
      due.add(ready.removeFirst());
    }
    while (due.size() < limit && !deadlines.isEmpty() && deadlines.peek().at() <= now) {
      Deadline deadline = deadlines.remove();
      Place place = places.get(deadline.correction());
      if (place != null && place.deadline() == deadline) {
        stopWaiting(deadline.correction());
        due.add(deadline.correction().queryId);
      }
    }
    return due;
  }

  /** That which has waited longest for its message. */
  Optional<WaitingCorrection> longestWithoutMessage() {
    return forMessage.stream().findFirst();
  }

  /**
   * Tries again those that wait for schemas, asking about each schema once.
   *
   * @param limit of corrections
   * @param tries deals with one, which waits again when its schema is still not known
   */
  void retrySchemas(int limit, Consumer<WaitingCorrection> tries) {
    int left = limit;
    for (Integer id : bySchema.keySet().stream().limit(limit).toList()) {
      Set<WaitingCorrection> waiting = bySchema.remove(id);
      while (waiting != null && left-- > 0 && !waiting.isEmpty()) {
        WaitingCorrection next = waiting.iterator().next();
        stopWaiting(next);
        tries.accept(next);
        Place place = places.get(next);
        if (place != null && place.set() == bySchema.get(id)) {
          break;
        }
      }
      keep(id, waiting);
    }
  }

  /** Behind the other schemas. */
  private void keep(Integer id, @Nullable Set<WaitingCorrection> waiting) {
    if (waiting == null || waiting.isEmpty()) {
      return;
    }
    Set<WaitingCorrection> again = bySchema.put(id, waiting);
    if (again != null) {
      for (WaitingCorrection each : again) {
        waiting.add(each);
        places.put(each, new Place(waiting, null, null));
      }
    }
  }
}
