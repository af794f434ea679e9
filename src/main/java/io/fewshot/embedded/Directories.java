package io.fewshot.embedded;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** Directories of the embedded parts. */
final class Directories {

  private Directories() {}

  /** Less than this and a broker soon stops, in bytes. */
  private static final long LEAST_SPACE = 32L << 20;

  /** Makes a directory where it is missing, and sees that something can be written there. */
  static Path create(Path directory) {
    try {
      Files.createDirectories(directory);
      if (isFull(directory)) {
        throw new EmbeddedException(
            "the disk of " + directory + " is full: free some space, or choose another directory",
            null);
      }
      return directory;
    } catch (IOException e) {
      throw new EmbeddedException("cannot write to the directory " + directory + ": " + e, e);
    }
  }

  static boolean isFull(Path directory) {
    return directory.toFile().getUsableSpace() < LEAST_SPACE;
  }

  static Path temporary(String name) {
    try {
      return Files.createTempDirectory("fewshot-" + name);
    } catch (IOException e) {
      throw new EmbeddedException("cannot make a temporary directory: " + e, e);
    }
  }

  /** Removes a directory with all that is in it; what cannot be removed stays. */
  static void delete(Path directory) {
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              return remove(file);
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path visited, @org.jspecify.annotations.Nullable IOException e) {
              return remove(visited);
            }
          });
    } catch (IOException e) {
      // Temporary files are the operating system's business then.
    }
  }

  private static FileVisitResult remove(Path path) {
    path.toFile().delete();
    return FileVisitResult.CONTINUE;
  }
}
