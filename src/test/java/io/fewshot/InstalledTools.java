package io.fewshot;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/** What {@code .ci/install} brought, or what is there anyway. */
public final class InstalledTools {

  private InstalledTools() {}

  /** A Python that may have what tests need; {@code FEWSHOT_PYTHON} names another. */
  public static String python() {
    Path installed = cache().resolve("python/bin/python");
    return System.getenv()
        .getOrDefault(
            "FEWSHOT_PYTHON",
            Files.exists(cache().resolve("python/installed")) ? installed.toString() : "python3");
  }

  /** Helm, if it is there. */
  public static Optional<Path> helm() {
    return Stream.concat(
            Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(Path::of),
            Stream.of(cache().resolve("bin")))
        .map(directory -> directory.resolve("helm"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Path cache() {
    String given = System.getenv("XDG_CACHE_HOME");
    Path home =
        given == null || given.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(given);
    return home.resolve("fewshot/ci");
  }
}
