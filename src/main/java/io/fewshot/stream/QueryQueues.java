package io.fewshot.stream;

import io.fewshot.stream.QueryReader.Outcome;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Where the buffered queries of one partition stand. Each waits in a queue of its own kind, so that
 * what waits for a schema, a task or a model costs the others nothing, and tasks take turns, so
 * that a flood of one delays another's message by no more than a batch.
 *
 * <p>Only the first of each key stands in a queue; those behind it follow once it is done. That is
 * what keeps the order of a key, whatever its first message waits for.
 */
final class QueryQueues {

  /** The queries of one task that can be worked on. Belongs to one stream thread. */
  static final class TaskQueue {

    final String task;
    private final Deque<BufferedQuery> fresh = new ArrayDeque<>();
    private final Deque<BufferedQuery> escalated = new ArrayDeque<>();

    /** The turn in which it was served last; 0 when it was not since it had something to do. */
    private long servedAt;

    /** When the fast rungs may be asked again, after they were not ready. */
    private long freshNotBefore;

    /** The same for the language model. */
    private long escalatedNotBefore;

    TaskQueue(String task) {
      this.task = task;
    }

    int escalated() {
      return escalated.size();
    }

    boolean mayAskFast(long now) {
      return !fresh.isEmpty() && now >= freshNotBefore;
    }

    boolean mayAskModel(long now) {
      return !escalated.isEmpty() && now >= escalatedNotBefore;
    }

    /** There is one. */
    BufferedQuery firstEscalated() {
      return escalated.getFirst();
    }

    void askFastLater(long time) {
      freshNotBefore = time;
    }

    void askModelLater(long time) {
      escalatedNotBefore = time;
    }

    /** The next ones for the language model, earliest first; they leave the queue. */
    List<BufferedQuery> takeEscalated(int limit) {
      List<BufferedQuery> taken = new ArrayList<>();
      while (taken.size() < limit && !escalated.isEmpty()) {
        taken.add(escalated.removeFirst());
      }
      return taken;
    }

    /** Puts back what could not be answered, in front of the others. */
    void putBackEscalated(List<BufferedQuery> queries) {
      for (int i = queries.size() - 1; i >= 0; i--) {
        escalated.addFirst(queries.get(i));
      }
    }

    private boolean isEmpty() {
      return fresh.isEmpty() && escalated.isEmpty();
    }
  }

  private record UntilTask(BufferedQuery query, long checkAt) {}

  private final TaskCatalogue tasks;
  private final long unknownTaskMillis;

  private final Map<ByteBuffer, Deque<BufferedQuery>> byKey = new HashMap<>();
  private final Map<Integer, Deque<BufferedQuery>> bySchema = new LinkedHashMap<>();
  private final Map<String, Deque<BufferedQuery>> byUnknownTask = new HashMap<>();
  private final PriorityQueue<UntilTask> untilTask =
      new PriorityQueue<>(Comparator.comparingLong(UntilTask::checkAt));

  private final Map<String, TaskQueue> byTask = new LinkedHashMap<>();

  private long seenTasks = -1;
  private long turns;

  /**
   * @param unknownTaskMillis how long a query waits for its task's definition
   */
  QueryQueues(TaskCatalogue tasks, long unknownTaskMillis) {
    this.tasks = tasks;
    this.unknownTaskMillis = unknownTaskMillis;
  }

  /** Takes a query in, behind those of its key. */
  void add(BufferedQuery query) {
    if (query.key() == null) {
      place(query);
      return;
    }
    Deque<BufferedQuery> sameKey = byKey.computeIfAbsent(query.key(), key -> new ArrayDeque<>(2));
    sameKey.addLast(query);
    if (sameKey.size() == 1) {
      place(query);
    }
  }

  /** Puts the query where it belongs now; it stands in no queue. */
  void place(BufferedQuery query) {
    query.placed(true);
    if (!query.isDecoded()) {
      bySchema
          .computeIfAbsent(QueryReader.schemaId(query.raw()), id -> new ArrayDeque<>())
          .add(query);
      return;
    }
    String task = query.query().getTask();
    if (tasks.find(task).isEmpty()) {
      byUnknownTask.computeIfAbsent(task, name -> new ArrayDeque<>()).add(query);
      untilTask.add(new UntilTask(query, query.arrivedAt() + unknownTaskMillis));
      return;
    }
    TaskQueue queue = of(task);
    if (query.isEscalated()) {
      queue.escalated.addLast(query);
    } else {
      queue.fresh.addLast(query);
    }
  }

  /** The queue of a task, which may be new. */
  TaskQueue of(String task) {
    return byTask.computeIfAbsent(task, TaskQueue::new);
  }

  /**
   * The query is dealt with, whatever became of it; it stands in no queue any more. Those of its
   * key behind it have their turn after {@link #advance}.
   */
  void done(BufferedQuery query) {
    query.finish();
  }

  /** Gives the next of the queries' keys their turn. */
  void advance(List<BufferedQuery> handled) {
    Set<ByteBuffer> keys = new LinkedHashSet<>();
    for (BufferedQuery query : handled) {
      if (query.key() != null) {
        keys.add(query.key());
      }
    }
    for (ByteBuffer key : keys) {
      Deque<BufferedQuery> sameKey = byKey.get(key);
      if (sameKey == null) {
        continue;
      }
      while (!sameKey.isEmpty() && sameKey.getFirst().isDone()) {
        sameKey.removeFirst();
      }
      if (sameKey.isEmpty()) {
        byKey.remove(key);
      } else if (!sameKey.getFirst().isPlaced()) {
        place(sameKey.getFirst());
      }
    }
  }

  /** Queries whose schema was not known when they came: what the reader says of them now. */
  interface Decoded {
    void accept(BufferedQuery query, Outcome outcome);
  }

  /**
   * Reads again what waits for its schema, asking about each schema once.
   *
   * @param limit of queries
   */
  void decodeWaiting(QueryReader reader, int limit, Decoded decoded) {
    int left = limit;
    for (Integer id : List.copyOf(bySchema.keySet())) {
      Deque<BufferedQuery> waiting = bySchema.get(id);
      while (waiting != null && !waiting.isEmpty() && left > 0) {
        Outcome outcome = reader.read(waiting.getFirst().raw());
        if (outcome instanceof Outcome.Later) {
          break;
        }
        left--;
        decoded.accept(waiting.removeFirst(), outcome);
      }
      if (waiting != null && waiting.isEmpty()) {
        bySchema.remove(id);
      }
    }
  }

  boolean waitsForSchemas() {
    return !bySchema.isEmpty();
  }

  /** Lets those go on whose task's definition has come meanwhile. */
  void findTasks() {
    long version = tasks.version();
    if (version == seenTasks) {
      return;
    }
    seenTasks = version;
    Iterator<Map.Entry<String, Deque<BufferedQuery>>> waiting = byUnknownTask.entrySet().iterator();
    List<BufferedQuery> found = new ArrayList<>();
    while (waiting.hasNext()) {
      Map.Entry<String, Deque<BufferedQuery>> entry = waiting.next();
      if (tasks.find(entry.getKey()).isPresent()) {
        found.addAll(entry.getValue());
        waiting.remove();
      }
    }
    found.forEach(this::place);
    loseTasks();
  }

  /** A task that was removed: its queries wait as if they had come now. */
  private void loseTasks() {
    List<BufferedQuery> lost = new ArrayList<>();
    byTask
        .values()
        .removeIf(
            queue -> {
              if (tasks.find(queue.task).isPresent()) {
                return false;
              }
              lost.addAll(queue.fresh);
              lost.addAll(queue.escalated);
              return true;
            });
    lost.forEach(this::place);
  }

  /**
   * Those whose task did not come in time, earliest first; they leave their queue. One whose
   * definition is not judged yet waits on.
   */
  List<BufferedQuery> withoutTask(long now, int limit) {
    List<BufferedQuery> expired = new ArrayList<>();
    while (expired.size() < limit && !untilTask.isEmpty() && untilTask.peek().checkAt() <= now) {
      BufferedQuery query = untilTask.remove().query();
      Deque<BufferedQuery> waiting = byUnknownTask.get(query.query().getTask());
      if (query.isDone() || waiting == null) {
        continue;
      }
      if (tasks.isPending(query.query().getTask())) {
        untilTask.add(new UntilTask(query, now + unknownTaskMillis / 10));
      } else if (waiting.remove(query)) {
        expired.add(query);
      }
      if (waiting.isEmpty()) {
        byUnknownTask.remove(query.query().getTask());
      }
    }
    return expired;
  }

  /**
   * The task whose turn it is among those that match; it goes to the end of the line. One that had
   * nothing to do until now goes first: it is not the one that floods.
   */
  Optional<TaskQueue> next(Predicate<TaskQueue> matches) {
    byTask.values().removeIf(TaskQueue::isEmpty);
    Optional<TaskQueue> next =
        byTask.values().stream()
            .filter(matches)
            .min(Comparator.comparingLong(queue -> queue.servedAt));
    next.ifPresent(queue -> queue.servedAt = ++turns);
    return next;
  }

  /**
   * The next fresh queries of a task, in order, and with each those of its key that come right
   * behind it and are of the same task; they leave the queue.
   *
   * @param maxBytes of their texts together, but for the first
   */
  List<BufferedQuery> takeFresh(TaskQueue queue, int limit, long maxBytes) {
    List<BufferedQuery> taken = new ArrayList<>();
    long bytes = 0;
    while (taken.size() < limit && !queue.fresh.isEmpty()) {
      BufferedQuery first = queue.fresh.getFirst();
      bytes += first.query().getText().length();
      if (!taken.isEmpty() && bytes > maxBytes) {
        break;
      }
      queue.fresh.removeFirst();
      taken.add(first);
      for (BufferedQuery follower : followers(first, limit - taken.size())) {
        bytes += follower.query().getText().length();
        if (taken.size() == limit || bytes > maxBytes) {
          break;
        }
        taken.add(follower);
      }
    }
    return taken;
  }

  /** Puts back what could not be tried, in front of the others. */
  void putBackFresh(List<BufferedQuery> queries) {
    for (int i = queries.size() - 1; i >= 0; i--) {
      BufferedQuery query = queries.get(i);
      if (query.isPlaced()) {
        of(query.query().getTask()).fresh.addFirst(query);
      }
    }
  }

  private List<BufferedQuery> followers(BufferedQuery first, int limit) {
    Deque<BufferedQuery> sameKey = first.key() == null ? null : byKey.get(first.key());
    if (sameKey == null || sameKey.size() == 1) {
      return List.of();
    }
    List<BufferedQuery> followers = new ArrayList<>();
    for (BufferedQuery query : sameKey) {
      if (followers.size() == limit) {
        break;
      }
      if (query == first) {
        continue;
      }
      boolean alike =
          query.isDecoded()
              && !query.isEscalated()
              && query.query().getTask().equals(first.query().getTask());
      if (!alike) {
        break;
      }
      followers.add(query);
    }
    return followers;
  }
}
