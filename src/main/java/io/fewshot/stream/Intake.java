package io.fewshot.stream;

import io.fewshot.stream.RecordLimits.TooLargeException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * The door of one partition whose records are dealt with as they come: what is too large is
 * refused, and what the registry is needed for waits in a buffer, and those of its key behind it.
 * When the memory for buffers is spent, reading is slowed down. Belongs to one stream thread.
 */
final class Intake implements AutoCloseable {

  /** Records that are tried again in one tick, so that it stays short. */
  private static final int MAX_AT_ONCE = 200;

  private static final long THROTTLE_NANOS = 20_000_000;

  private final RecordLimits limits;
  private final BufferBudget budget;
  private final SystemFaults faults;
  private final RecordBuffer<BufferedRecord> buffer;
  private final UnreadRecords unread;

  /**
   * @param buffer what waits, with what a restart left behind; closed by this
   * @param reader deals with a record; false when it cannot be read now
   */
  Intake(
      RecordLimits limits,
      BufferBudget budget,
      SystemFaults faults,
      RecordBuffer<BufferedRecord> buffer,
      Predicate<BufferedRecord> reader) {
    this.limits = limits;
    this.budget = budget;
    this.faults = faults;
    this.buffer = buffer;
    this.unread =
        new UnreadRecords(
            record -> {
              boolean dealtWith = reader.test(record);
              if (dealtWith && buffer.contains(record.raw().offset())) {
                buffer.remove(record.raw().offset());
              }
              return dealtWith;
            },
            buffer.inOrder());
  }

  /**
   * Takes a record in.
   *
   * @param now in milliseconds
   * @throws TooLargeException when it is, or one of its parts
   */
  void take(RawRecord raw, long now) {
    limits.check(raw);
    BufferedRecord arrived = new BufferedRecord(raw, now);
    if (unread.read(arrived)) {
      return;
    }
    buffer.add(arrived);
    if (budget.isSpent()) {
      faults.throttled();
      LockSupport.parkNanos(THROTTLE_NANOS);
    }
  }

  /** Tries what waits again. */
  void takeAgain() {
    unread.readAgain(MAX_AT_ONCE);
  }

  @Override
  public void close() {
    buffer.close();
  }
}
