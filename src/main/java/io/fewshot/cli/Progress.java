package io.fewshot.cli;

import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * How far something is: a bar on a terminal, elsewhere a line every few seconds. Safe for use by
 * several threads.
 */
final class Progress implements AutoCloseable {

  private static final long LINE_EVERY_NANOS = 3_000_000_000L;
  private static final int WIDTH = 100;

  private final Console console;
  private final String what;
  private final @Nullable ProgressBar bar;
  private long total;
  private long done;
  private long lastLine = System.nanoTime();

  /**
   * @param what a few words
   * @param total how much there is to do; -1 when not known
   */
  Progress(Console console, String what, long total) {
    this.console = console;
    this.what = what;
    this.total = total;
    this.bar = console.errIsTerminal() ? bar(console, what, total) : null;
  }

  private static ProgressBar bar(Console console, String what, long total) {
    return new ProgressBarBuilder()
        .setTaskName(what)
        .setInitialMax(total)
        .setStyle(ProgressBarStyle.UNICODE_BLOCK)
        .setUpdateIntervalMillis(200)
        .setConsumer(new ConsoleProgressBarConsumer(console.err(), WIDTH))
        .build();
  }

  /** Says how much is done and, as it may only show now, how much there is. */
  synchronized void at(long done, long total) {
    this.done = done;
    this.total = total;
    if (bar != null) {
      bar.maxHint(total);
      bar.stepTo(done);
    } else if (System.nanoTime() - lastLine > LINE_EVERY_NANOS) {
      lastLine = System.nanoTime();
      console.say(line());
    }
  }

  /** Says how much is done. */
  synchronized void at(long done) {
    at(done, total);
  }

  /** One more is done. */
  synchronized void step() {
    at(done + 1, total);
  }

  private String line() {
    return total > 0
        ? String.format(Locale.ROOT, "%s: %d of %d (%d %%)", what, done, total, 100 * done / total)
        : String.format(Locale.ROOT, "%s: %d", what, done);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
