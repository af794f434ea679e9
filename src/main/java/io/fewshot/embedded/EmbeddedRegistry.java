package io.fewshot.embedded;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A schema registry, Apicurio, in a child process beside this one, for connections from this
 * machine only. It ends with this process, however that ends. What it knows lies in its directory,
 * ids included.
 *
 * <p>Owns the child from {@link #start} until {@link #close}. When the child dies by itself, {@link
 * #failure} says so; starting another is the caller's choice.
 */
public final class EmbeddedRegistry implements AutoCloseable {

  private static final String PATH = "/apis/ccompat/v7";
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(50);

  private final Process process;
  private final int port;
  private final Path directory;
  private final boolean temporary;
  private volatile boolean closed;

  private EmbeddedRegistry(Process process, int port, Path directory, boolean temporary) {
    this.process = process;
    this.port = port;
    this.directory = directory;
    this.temporary = temporary;
  }

  /** A registry on a free port with a directory that is removed when it is closed. */
  public static EmbeddedRegistry startTemporary() {
    Path directory = Directories.temporary("registry");
    return start(RegistryInstallation.find(), directory, 0, true, waited -> {});
  }

  /**
   * A registry on a directory, which is made when it is not there. Returns when it answers.
   *
   * @param port 0 for a free one
   * @param waiting told every now and then how long it has been starting
   * @throws EmbeddedException when the port or the directory is taken, or the server is not built
   */
  public static EmbeddedRegistry start(Path directory, int port, Consumer<Duration> waiting) {
    return start(RegistryInstallation.find(), Directories.create(directory), port, false, waiting);
  }

  private static EmbeddedRegistry start(
      RegistryInstallation installation,
      Path directory,
      int wantedPort,
      boolean temporary,
      Consumer<Duration> waiting) {
    int port = Ports.check(wantedPort, "schema registry");
    Path archive = installation.archive();
    String[] options =
        Files.exists(archive) ? new String[] {"-XX:SharedArchiveFile=" + archive} : new String[0];
    Process process = launch(installation.command(options), directory, port);
    EmbeddedRegistry registry = new EmbeddedRegistry(process, port, directory, temporary);
    try {
      registry.awaitAnswer(waiting);
      return registry;
    } catch (RuntimeException e) {
      registry.close();
      throw e;
    }
  }

  private static Process launch(List<String> command, Path directory, int port) {
    ProcessBuilder builder = new ProcessBuilder(command);
    Map<String, String> environment = builder.environment();
    environment.put("QUARKUS_HTTP_HOST", "127.0.0.1");
    environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
    // What was acknowledged is on disk, also when the process is killed.
    environment.put(
        "REGISTRY_DATASOURCE_URL",
        "jdbc:h2:file:" + directory.toAbsolutePath().resolve("schemas") + ";WRITE_DELAY=0");
    builder.redirectErrorStream(true);
    builder.redirectOutput(log(directory).toFile());
    try {
      return builder.start();
    } catch (IOException e) {
      throw new EmbeddedException("the schema registry cannot start: " + e.getMessage(), e);
    }
  }

  private static Path log(Path directory) {
    return directory.resolve("registry.log");
  }

  /**
   * Makes the archive of classes that halves the start; takes some ten seconds and 60 MB beside the
   * server, and does nothing when it is there.
   */
  public static void prepareFastStart() {
    RegistryInstallation installation = RegistryInstallation.find();
    Path archive = installation.archive();
    if (Files.exists(archive) || !Files.isWritable(installation.directory())) {
      return;
    }
    Path half = archive.resolveSibling("half-" + ProcessHandle.current().pid() + ".jsa");
    Path directory = Directories.temporary("registry");
    int port = Ports.free();
    Process process =
        launch(installation.command("-XX:ArchiveClassesAtExit=" + half), directory, port);
    try (EmbeddedRegistry registry = new EmbeddedRegistry(process, port, directory, true)) {
      registry.awaitAnswer(waited -> {});
      process.destroy();
      if (process.waitFor(2, TimeUnit.MINUTES) && Files.exists(half)) {
        Files.move(half, archive);
      }
    } catch (IOException e) {
      throw new EmbeddedException("cannot keep the archive " + archive + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      half.toFile().delete();
    }
  }

  private void awaitAnswer(Consumer<Duration> waiting) {
    HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + "/subjects"))
            .timeout(Duration.ofSeconds(10))
            .build();
    long start = System.nanoTime();
    while (!answers(client, request)) {
      Duration waited = Duration.ofNanos(System.nanoTime() - start);
      waiting.accept(waited);
      try {
        if (process.waitFor(BETWEEN_LOOKS.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new EmbeddedException(whyItDied(), null);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new EmbeddedException("interrupted while the schema registry starts", e);
      }
      if (waited.compareTo(PATIENCE) > 0) {
        throw new EmbeddedException(
            "the schema registry did not start within "
                + PATIENCE.toSeconds()
                + " s; see "
                + log(directory),
            null);
      }
    }
  }

  private static boolean answers(HttpClient client, HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private String whyItDied() {
    String log = "";
    try {
      log = Files.readString(log(directory), StandardCharsets.UTF_8);
    } catch (IOException e) {
      // Then without it.
    }
    if (log.contains("Database may be already in use")) {
      return "the directory " + directory + " is in use by another registry: stop that one first";
    }
    if (log.contains("No space left on device")) {
      return "the disk of " + directory + " is full: free some space";
    }
    return "the schema registry stopped with status "
        + process.exitValue()
        + "; see "
        + (temporary ? "its log: " + lastLine(log) : log(directory));
  }

  private static String lastLine(String log) {
    String[] lines = log.strip().split("\n");
    return lines[lines.length - 1];
  }

  /** The whole base URL for clients of the Confluent protocol. */
  public String url() {
    return "http://127.0.0.1:" + port + PATH;
  }

  public int port() {
    return port;
  }

  /** Of the child process. */
  public long pid() {
    return process.pid();
  }

  /** Why it no longer answers, or null while it runs or after it was closed. */
  public @Nullable String failure() {
    return closed || process.isAlive() ? null : whyItDied();
  }

  /** Stops the child and waits for it; can be repeated. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    if (temporary) {
      Directories.delete(directory);
    }
  }
}
