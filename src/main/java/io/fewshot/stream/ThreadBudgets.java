package io.fewshot.stream;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.apache.kafka.streams.processor.TaskId;

/**
 * How long the partitions of one stream thread may answer before it commits. Under exactly-once a
 * thread has one transaction for all its partitions, and a batch that is short for each may be too
 * long for all together.
 *
 * <p>Kafka Streams lets each partition tick once and then commits what was asked for; so when a
 * partition ticks for the second time a new round has begun. Partitions that had no turn in a round
 * go first in the next. While records come in, reading ahead has its time between two batches. Safe
 * for use by several threads; each has a budget of its own.
 */
final class ThreadBudgets {

  /** While records come in, reading has so many times as long as the last batch took. */
  private static final int READING = 2;

  /** Without a record for so long, none is waited for. */
  private static final long ARRIVING_NANOS = 5_000_000;

  /** What took less than this part of the budget was no batch. */
  private static final int NO_BATCH = 1_000;

  private final long budgetNanos;
  private final LongSupplier clock;
  private final Map<Thread, Budget> budgets = new ConcurrentHashMap<>();

  private static final class Budget {
    final Set<TaskId> ticked = new HashSet<>();
    Set<TaskId> refused = new HashSet<>();
    Set<TaskId> first = new HashSet<>();
    long usedNanos;

    long arrivedAt;
    boolean arrived;
    long batchEnd;
    long batchNanos;
  }

  /**
   * @param budgetNanos of a round
   * @param clock as {@link System#nanoTime}
   */
  ThreadBudgets(long budgetNanos, LongSupplier clock) {
    this.budgetNanos = budgetNanos;
    this.clock = clock;
  }

  /** Whether a partition may answer a batch on the calling thread now; asked once a tick. */
  boolean mayAnswer(TaskId partition) {
    budgets.keySet().removeIf(thread -> !thread.isAlive());
    Budget budget = budgets.computeIfAbsent(Thread.currentThread(), thread -> new Budget());
    if (!budget.ticked.add(partition)) {
      if (budget.first.isEmpty()) {
        budget.first = budget.refused;
        budget.refused = new HashSet<>();
      }
      budget.ticked.clear();
      budget.ticked.add(partition);
      budget.usedNanos = 0;
    }
    boolean isFirst = budget.first.contains(partition);
    boolean hasTime = budget.usedNanos < budgetNanos && !isReading(budget);
    if (hasTime && (isFirst || budget.first.isEmpty())) {
      budget.first.remove(partition);
      return true;
    }
    if (!isFirst) {
      budget.refused.add(partition);
    }
    return false;
  }

  /** A record came in on the calling thread. */
  void arrived() {
    Budget budget = budgets.get(Thread.currentThread());
    if (budget != null) {
      budget.arrivedAt = clock.getAsLong();
      budget.arrived = true;
    }
  }

  /**
   * Kafka Streams passes on one record of each partition between two rounds: with a batch in each,
   * a thousand records would be read in minutes.
   */
  private boolean isReading(Budget budget) {
    long now = clock.getAsLong();
    return budget.arrived
        && now - budget.arrivedAt < ARRIVING_NANOS
        && now - budget.batchEnd < READING * budget.batchNanos;
  }

  /** Runs a batch on the calling thread and counts its time. */
  void spend(Runnable batch) {
    long start = clock.getAsLong();
    try {
      batch.run();
    } finally {
      Budget budget = budgets.get(Thread.currentThread());
      if (budget != null) {
        long end = clock.getAsLong();
        budget.usedNanos += end - start;
        if (end - start > budgetNanos / NO_BATCH) {
          budget.batchEnd = end;
          budget.batchNanos = end - start;
        }
      }
    }
  }

  /** The partition is no longer on its thread: nobody waits for its turn. */
  void remove(TaskId partition) {
    // A partition is closed by the thread that it was on.
    Budget budget = budgets.get(Thread.currentThread());
    if (budget != null) {
      budget.ticked.remove(partition);
      budget.refused.remove(partition);
      budget.first.remove(partition);
    }
  }
}
