package io.fewshot.labeling;

import io.fewshot.event.Reason;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The open messages of one task, most useful first. Not safe for use by several threads.
 *
 * <p>Order: of four messages handed out, two are those with the lowest confidence (they teach
 * most), one is novel (a wish nobody foresaw) and one is an audit (without them nothing proves what
 * the accepted answers are worth); a lane that is empty passes its turn on. Within the first lane
 * the lowest confidence comes first, within the others the oldest.
 *
 * <p>Limitation: of more than {@link #LIMIT} messages the least useful are not kept; they come back
 * when the topic is read again, at the next start.
 */
public final class LabelingQueue {

  static final int LIMIT = 20_000;

  private static final List<Reason> TURNS =
      List.of(Reason.LOW_CONFIDENCE, Reason.NOVEL, Reason.LOW_CONFIDENCE, Reason.AUDIT);

  private static final Comparator<OpenRequest> OLDEST =
      Comparator.comparing(OpenRequest::createdAt).thenComparing(OpenRequest::queryId);
  private static final Comparator<OpenRequest> LEAST_CONFIDENT =
      Comparator.comparingDouble(OpenRequest::confidence).thenComparing(OLDEST);

  private final int limit;
  private final Map<String, OpenRequest> byId = new HashMap<>();
  private final Map<Reason, TreeSet<OpenRequest>> lanes = new EnumMap<>(Reason.class);
  private int turn;
  private long dropped;

  public LabelingQueue() {
    this(LIMIT);
  }

  LabelingQueue(int limit) {
    this.limit = limit;
    for (Reason reason : Reason.values()) {
      lanes.put(reason, new TreeSet<>(reason == Reason.LOW_CONFIDENCE ? LEAST_CONFIDENT : OLDEST));
    }
  }

  /** Adds a message, or replaces the one with its id. */
  public void put(OpenRequest request) {
    remove(request.queryId());
    byId.put(request.queryId(), request);
    lane(request.reason()).add(request);
    if (byId.size() > limit) {
      dropLeastUseful();
    }
  }

  private void dropLeastUseful() {
    TreeSet<OpenRequest> longest =
        lanes.values().stream().max(Comparator.comparingInt(TreeSet::size)).orElseThrow();
    OpenRequest last = longest.pollLast();
    if (last != null) {
      byId.remove(last.queryId());
      dropped++;
    }
  }

  public Optional<OpenRequest> remove(String queryId) {
    OpenRequest request = byId.remove(queryId);
    if (request != null) {
      lane(request.reason()).remove(request);
    }
    return Optional.ofNullable(request);
  }

  Optional<OpenRequest> get(String queryId) {
    return Optional.ofNullable(byId.get(queryId));
  }

  /** The most useful of the eligible messages; it stays in the queue. */
  public Optional<OpenRequest> next(Predicate<OpenRequest> eligible) {
    for (int i = 0; i < TURNS.size(); i++) {
      int candidate = (turn + i) % TURNS.size();
      Optional<OpenRequest> found =
          lane(TURNS.get(candidate)).stream().filter(eligible).findFirst();
      if (found.isPresent()) {
        turn = (candidate + 1) % TURNS.size();
        return found;
      }
    }
    return Optional.empty();
  }

  /** All of them, in no particular order. */
  List<OpenRequest> all() {
    return List.copyOf(byId.values());
  }

  public int size() {
    return byId.size();
  }

  int size(Reason reason) {
    return lane(reason).size();
  }

  /** How many were not kept because there are too many. */
  long dropped() {
    return dropped;
  }

  private TreeSet<OpenRequest> lane(Reason reason) {
    return lanes.computeIfAbsent(reason, key -> new TreeSet<>(OLDEST));
  }
}
