package io.fewshot.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command reads and writes: results go to {@code out}, all else to {@code err}.
 *
 * @param outIsTerminal whether a person sees {@code out} directly
 * @param errIsTerminal whether a person sees {@code err} directly
 */
record Console(
    PrintStream out,
    PrintStream err,
    InputStream in,
    boolean outIsTerminal,
    boolean errIsTerminal) {

  /** Which streams are terminals, as the launcher knows and Java does not. */
  static final String TERMINALS = "fewshot.terminals";

  /** The process's own, in UTF-8 whatever the locale is. */
  static Console system() {
    String terminals = System.getProperty(TERMINALS, "");
    return new Console(
        stream(FileDescriptor.out),
        stream(FileDescriptor.err),
        System.in,
        terminals.contains("out"),
        terminals.contains("err"));
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  /** Writes a line of a result. */
  void result(String line) {
    out.println(line);
    if (out.checkError()) {
      throw new ReaderGoneException();
    }
  }

  /** Writes a line for the person at the keyboard. */
  void say(String line) {
    err.println(line);
  }

  /** Colours for results, when they are seen by a person who did not turn them off. */
  Style style() {
    String off = System.getenv("NO_COLOR");
    return new Style(
        outIsTerminal && (off == null || off.isEmpty()) && !"dumb".equals(System.getenv("TERM")));
  }

  /** Whoever read the results has seen enough, such as {@code head}. */
  static final class ReaderGoneException extends RuntimeException {

    private static final long serialVersionUID = 1L;
  }
}
