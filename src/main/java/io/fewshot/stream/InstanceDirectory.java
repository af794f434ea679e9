package io.fewshot.stream;

import io.fewshot.ops.SettingsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The local state of one instance. Several instances may run on one machine with the same setting:
 * each takes the first free folder below it and holds a lock on it, and one that starts again finds
 * its own, so that Kafka Streams knows it for the same.
 */
final class InstanceDirectory implements AutoCloseable {

  private static final int MOST = 64;

  private final Path path;
  private final FileChannel channel;

  private InstanceDirectory(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /**
   * Takes a folder below {@code parent}.
   *
   * @throws SettingsException when none can be had; the message says why, and what to do
   */
  static InstanceDirectory take(Path parent) {
    for (int number = 0; number < MOST; number++) {
      Path path = parent.resolve("instance-" + number);
      try {
        Files.createDirectories(path);
        FileChannel channel = lock(path.resolve("in-use"));
        if (channel != null) {
          return new InstanceDirectory(path, channel);
        }
      } catch (IOException e) {
        throw new SettingsException(
            "the state directory %s cannot be written to (%s): set fewshot.state.dir to one that can"
                .formatted(parent, reason(e)));
      }
    }
    throw new SettingsException(
        "all %d folders in %s are in use: set fewshot.state.dir to another place"
            .formatted(MOST, parent));
  }

  private static @Nullable FileChannel lock(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // Held by this very process.
    }
    channel.close();
    return null;
  }

  /** The broken rule, where Java only names the file. */
  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException exists) {
      return exists.getFile() + " is not a directory";
    }
    return e instanceof FileSystemException system && system.getReason() != null
        ? system.getReason()
        : String.valueOf(e.getMessage());
  }

  Path path() {
    return path;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot release " + path, e);
    }
  }
}
