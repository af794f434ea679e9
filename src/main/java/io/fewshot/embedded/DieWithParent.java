package io.fewshot.embedded;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * The main class of a child process: runs another main class and ends with its parent, also when
 * the parent is killed. The parent holds the other end of standard input and never writes; the
 * operating system closes it when the parent is gone, whatever the reason.
 *
 * <p>Runs on a class path of its own, so it refers to nothing but the JDK and has no inner classes.
 */
public final class DieWithParent implements Runnable {

  private static final long GRACE_MS = 3000;

  private final boolean waiting;

  private DieWithParent(boolean waiting) {
    this.waiting = waiting;
  }

  /** The other main class, then its arguments. */
  public static void main(String[] arguments) throws Throwable {
    daemon(new DieWithParent(true));
    try {
      Class.forName(arguments[0])
          .getMethod("main", String[].class)
          .invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }

  @Override
  public void run() {
    try {
      if (!waiting) {
        Thread.sleep(GRACE_MS);
        Runtime.getRuntime().halt(1);
      }
      while (System.in.read() >= 0) {
        // Nothing is ever sent; only the end matters.
      }
    } catch (IOException | InterruptedException e) {
      // The same as the end.
    }
    // An orderly exit, but not one that hangs.
    daemon(new DieWithParent(false));
    Runtime.getRuntime().exit(1);
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "die-with-parent");
    thread.setDaemon(true);
    thread.start();
  }
}
