package io.fewshot.cli;

import com.sun.jna.NativeLibrary;

/**
 * Ends the process at once. {@link Runtime#halt} runs what native libraries left for C's exit, such
 * as the destructors of PyTorch's memory; a thread that computes all the while then crashes, and
 * the crash's status is seen instead of the command's.
 */
final class LastExit {

  private LastExit() {}

  static void with(int status) {
    try {
      NativeLibrary.getProcess().getFunction("_exit").invokeVoid(new Object[] {status});
    } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
      // A C library without it, or a directory for JNA that cannot be written: as good as it gets.
    }
    Runtime.getRuntime().halt(status);
  }
}
