package io.fewshot.cli;

import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a long command is doing, one thing at a time, each with its own progress. Safe for use by
 * several threads; the one that makes it is the command's own.
 */
final class Steps implements AutoCloseable {

  private final Console console;
  private final Thread owner = Thread.currentThread();
  private @Nullable String what;
  private @Nullable Progress progress;
  private long start;

  Steps(Console console) {
    this.console = console;
  }

  /**
   * Something is so far; another name ends what was before it.
   *
   * @throws StoppedException in the command's own thread when it was told to stop, since a long
   *     computation looks nowhere else
   */
  synchronized void at(String what, long done, long total) {
    if (Thread.currentThread() == owner) {
      StoppedException.check();
    }
    Progress current = progress;
    if (current == null || !Objects.equals(what, this.what)) {
      close();
      this.what = what;
      start = System.nanoTime();
      current = new Progress(console, what, total);
      progress = current;
    }
    current.at(done, total);
  }

  /** A download, in bytes. */
  void download(String what, long done, long total) {
    at("fetching " + what + ", MB", done / 1_000_000, total / 1_000_000);
  }

  /** Ends what was going on, and says how long it took when that was long. */
  @Override
  public synchronized void close() {
    if (progress != null) {
      progress.close();
      progress = null;
      double seconds = (System.nanoTime() - start) / 1e9;
      if (!console.errIsTerminal() && seconds > 1) {
        console.say(String.format(Locale.ROOT, "%s: %.1f s", what, seconds));
      }
      what = null;
    }
  }
}
