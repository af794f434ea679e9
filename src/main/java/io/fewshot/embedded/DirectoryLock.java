package io.fewshot.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a directory for one owner, in this process or another. The operating system lets go of it
 * when the process ends, whatever the reason.
 */
final class DirectoryLock implements AutoCloseable {

  private static final String NAME = "fewshot.lock";

  private final FileChannel channel;

  private DirectoryLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes a directory.
   *
   * @param what whose it is, in words
   * @throws EmbeddedException when another has it, or nothing can be written there
   */
  static DirectoryLock take(Path directory, String what) {
    try {
      FileChannel channel =
          FileChannel.open(
              directory.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (tryLock(channel) == null) {
        channel.close();
        throw new EmbeddedException(
            "the directory "
                + directory
                + " is in use by another "
                + what
                + ": stop that one first",
            null);
      }
      return new DirectoryLock(channel);
    } catch (IOException e) {
      throw new EmbeddedException("cannot write to the directory " + directory + ": " + e, e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // taken within this process
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The lock goes with the process at the latest.
    }
  }
}
