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

  static Path create(Path directory) {
    try {
      return Files.createDirectories(directory);
    } catch (IOException e) {
      throw new EmbeddedException("cannot write to the directory " + directory + ": " + e, e);
    }
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
