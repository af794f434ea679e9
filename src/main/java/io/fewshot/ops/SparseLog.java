package io.fewshot.ops;

import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;

/**
 * Warns of what a flood from outside may repeat a thousand times a second: of each kind once in ten
 * seconds, with how many were left out since. What a message quotes cannot begin a line. Safe for
 * use by several threads.
 */
public final class SparseLog {

  private static final int MAX_CHARACTERS = 500;
  private static final long EVERY_NANOS = Duration.ofSeconds(10).toNanos();

  private final Logger log;
  private final LongSupplier nanoTime;
  private final ConcurrentMap<String, Said> byKind = new ConcurrentHashMap<>();

  private record Said(long at, long leftOut, boolean now) {}

  public SparseLog(Logger log) {
    this(log, System::nanoTime);
  }

  SparseLog(Logger log, LongSupplier nanoTime) {
    this.log = log;
    this.nanoTime = nanoTime;
  }

  /**
   * @param kind of which there are few: never from outside
   */
  public void warn(String kind, Supplier<String> message) {
    long time = nanoTime.getAsLong();
    long[] leftOut = {0};
    Said said =
        byKind.compute(
            kind,
            (same, last) -> {
              if (last != null && time - last.at < EVERY_NANOS) {
                return new Said(last.at, last.leftOut + 1, false);
              }
              leftOut[0] = last == null ? 0 : last.leftOut;
              return new Said(time, 0, true);
            });
    if (said.now && leftOut[0] == 0) {
      log.warn("{}", plain(message.get()));
    } else if (said.now) {
      log.warn(
          "{} (and {} more since the last one that was logged)", plain(message.get()), leftOut[0]);
    }
  }

  /** One line, whatever of it is from outside. */
  private static String plain(String message) {
    StringBuilder plain = new StringBuilder();
    message
        .codePoints()
        .limit(MAX_CHARACTERS)
        .map(c -> breaksOut(c) ? '·' : c)
        .forEach(plain::appendCodePoint);
    return plain.toString();
  }

  private static boolean breaksOut(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }
}
