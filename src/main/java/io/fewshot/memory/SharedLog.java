package io.fewshot.memory;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Lets several readers of one Kafka topic fill one thing between them: whoever reads a record first
 * applies it, for the others it is done. So what they fill is always as the reader that is ahead
 * has it, and a reader that has read up to some record finds all up to there in it.
 *
 * <p>A reader that starts again while another goes on reads everything once more for nothing; one
 * that starts alone begins anew, since what was removed while nobody read may have left no trace in
 * a compacted topic. Safe for use by several threads.
 *
 * <p>Limitation: a topic that is deleted and made again under running readers counts from the start
 * again, and its records are taken for known ones until all readers have stopped.
 */
public final class SharedLog {

  private final Set<String> readers = new HashSet<>();
  private final Map<Integer, Long> applied = new HashMap<>();

  /**
   * A reader is about to read everything.
   *
   * @param reader its name; one that was already there begins again
   * @param clear empties what is filled; called when nobody else reads
   */
  public synchronized void open(String reader, Runnable clear) {
    readers.add(reader);
    if (readers.size() == 1) {
      clear.run();
      applied.clear();
    }
  }

  /** A reader reads no more. What it applied stays. */
  public synchronized void close(String reader) {
    readers.remove(reader);
  }

  /**
   * Applies a record unless that was done.
   *
   * @param change not called for a record that was applied before
   */
  public synchronized void apply(int partition, long offset, Runnable change) {
    if (offset > applied.getOrDefault(partition, -1L)) {
      change.run();
      applied.put(partition, offset);
    }
  }
}
