package io.fewshot.memory;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All examples of all tasks on this instance, searchable by vector and by word. Written by one
 * thread at a time, read by any number; what was put is seen by the next search.
 *
 * <p>It may take a share of the heap. When that is full, the task that takes most loses its newest
 * examples, or gets no newer ones, until the rest fits: a small task always finds room, and all
 * instances keep the same examples whatever order these came in (but for ties, and for what was
 * removed meanwhile). What is left out enters when its record comes again, at a restart at the
 * latest, if there is room by then.
 *
 * <p>Limitation: vector search is exact, which beats an approximate index up to about 100,000
 * examples a task and grows linearly from there.
 */
public final class ExampleMemory implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ExampleMemory.class);

  /** From this share of the limit on, people are warned. */
  private static final double FULL = 0.8;

  private static final Comparator<TaskMemory> BY_BYTES =
      Comparator.comparingLong(TaskMemory::bytes).thenComparing(TaskMemory::name);

  private final long limit;
  private final SharedLog log = new SharedLog();
  private final Words words = new Words();
  private final ConcurrentMap<String, TaskMemory> tasks = new ConcurrentHashMap<>();
  private volatile long used;
  private volatile long leftOut;
  private boolean warned;

  /** A memory that takes what it needs. */
  public ExampleMemory() {
    this(Long.MAX_VALUE);
  }

  /**
   * A memory with a limit.
   *
   * @param limit about how many bytes of the heap the examples may take
   */
  public ExampleMemory(long limit) {
    this.limit = limit;
  }

  /** Half of the heap in bytes: what else a process needs there does not grow with the examples. */
  public static long standardLimit() {
    return Runtime.getRuntime().maxMemory() / 2;
  }

  /** How far those have read who fill this memory from a topic. */
  public SharedLog log() {
    return log;
  }

  /**
   * Adds the example, or replaces the one with its task and id; or leaves it out, see above.
   *
   * @throws IllegalArgumentException when its vector has not the length that other vectors of its
   *     encoder have
   */
  public synchronized void put(StoredExample example) {
    TaskMemory task = task(example.task());
    if (isHopeless(task, example)) {
      leaveOut(task, example);
      return;
    }
    long before = task.bytes();
    task.put(example);
    used += task.bytes() - before;
    while (used > limit) {
      TaskMemory fullest = fullest();
      StoredExample newest = fullest.newest().orElseThrow();
      forget(fullest, newest.id());
      leaveOut(fullest, newest);
    }
    warn();
  }

  /** Whether it would be the first to go; spares taking it in. */
  private boolean isHopeless(TaskMemory task, StoredExample example) {
    return used + example.bytes() > limit
        && task.get(example.id()).isEmpty()
        && task == fullest()
        && task.newest()
            .filter(newest -> StoredExample.OLDEST_FIRST.compare(example, newest) > 0)
            .isPresent();
  }

  private TaskMemory fullest() {
    return tasks.values().stream().max(BY_BYTES).orElseThrow();
  }

  private void forget(TaskMemory task, String id) {
    long before = task.bytes();
    task.remove(id);
    used += task.bytes() - before;
  }

  private void leaveOut(TaskMemory task, StoredExample example) {
    leftOut++;
    if (!task.leavesOut()) {
      task.leaveOut();
      LOG.warn(
          "The memory is full ({} MiB): task {} gets no newer examples than {}; they stay in Kafka."
              + " More heap, or fewer examples, lets them in at the next start",
          limit >> 20,
          task.name(),
          example.id());
    }
  }

  private void warn() {
    boolean full = isAlmostFull();
    if (full && !warned) {
      LOG.warn("{}", concern());
    }
    warned = full;
  }

  private boolean isAlmostFull() {
    return used > FULL * limit;
  }

  /** What people should know about how full the memory is; empty when it is well. */
  public String concern() {
    if (!isAlmostFull() && leftOut == 0) {
      return "";
    }
    String share =
        "examples take %d %% of the %d MiB that they may"
            .formatted(100 * used / limit, limit >> 20);
    return leftOut == 0 ? share : share + ", so that %d were left out".formatted(leftOut);
  }

  /** Forgets an example; one that is not there is no error. */
  public synchronized void remove(String task, String id) {
    forget(task(task), id);
  }

  /** Forgets everything. Task memories that were given out stay valid, and are empty. */
  public synchronized void clear() {
    tasks.values().forEach(TaskMemory::clear);
    used = 0;
    leftOut = 0;
    warned = false;
  }

  /** The memory of one task, empty when nothing was put; it follows later changes. */
  public TaskMemory task(String name) {
    return tasks.computeIfAbsent(name, key -> new TaskMemory(key, words));
  }

  /** Tasks that have examples, in alphabetical order. */
  public List<String> tasks() {
    Collection<TaskMemory> all = tasks.values();
    return all.stream().filter(task -> task.size() > 0).map(TaskMemory::name).sorted().toList();
  }

  /** How many examples there are of all tasks. */
  public int size() {
    return tasks.values().stream().mapToInt(TaskMemory::size).sum();
  }

  /** About how many bytes of the heap the examples may take. */
  public long limit() {
    return limit;
  }

  /** About how many bytes of the heap the examples take. */
  public long used() {
    return used;
  }

  /**
   * How many examples the memory was too full for, since it was last cleared; one that comes again
   * counts again.
   */
  public long leftOut() {
    return leftOut;
  }

  @Override
  public void close() {
    clear();
    words.close();
  }
}
