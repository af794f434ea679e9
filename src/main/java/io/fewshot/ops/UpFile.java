package io.fewshot.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Optional;

/**
 * What the {@code up} of this user on this machine says about itself, so that other commands find
 * it without being told.
 *
 * @param pid its process
 * @param bootstrap the broker's address
 * @param registry the registry's whole client base URL
 * @param web the page's URL
 */
public record UpFile(long pid, String bootstrap, String registry, String web) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NAME = "up.json";

  /** A note about this very process. */
  public static UpFile ofThisProcess(String bootstrap, String registry, String web) {
    return new UpFile(ProcessHandle.current().pid(), bootstrap, registry, web);
  }

  /** Writes it; a reader sees the old or the new, never half of it. */
  public void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path half = Files.createTempFile(directory, "up", ".tmp");
    Files.writeString(
        half,
        JSON.createObjectNode()
            .put("pid", pid)
            .put("started", started(pid).map(Instant::toEpochMilli).orElse(0L))
            .put("bootstrap", bootstrap)
            .put("registry", registry)
            .put("web", web)
            .toString());
    Files.move(half, directory.resolve(NAME), StandardCopyOption.REPLACE_EXISTING);
  }

  /** Removes it when it is this process's; another {@code up} may have taken the place. */
  public static void remove(Path directory) {
    read(directory)
        .filter(up -> up.pid() == ProcessHandle.current().pid())
        .ifPresent(up -> directory.resolve(NAME).toFile().delete());
  }

  /** The running one; empty when there is none or its process is gone. */
  public static Optional<UpFile> read(Path directory) {
    try {
      JsonNode json = JSON.readTree(directory.resolve(NAME).toFile());
      UpFile up =
          new UpFile(
              json.path("pid").asLong(-1),
              json.path("bootstrap").asText(""),
              json.path("registry").asText(""),
              json.path("web").asText(""));
      // A pid is used again some day; the time tells the processes apart.
      long started = started(up.pid()).map(Instant::toEpochMilli).orElse(0L);
      boolean running =
          ProcessHandle.of(up.pid()).map(ProcessHandle::isAlive).orElse(false)
              && started == json.path("started").asLong(0);
      return running && !up.bootstrap().isEmpty() ? Optional.of(up) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Optional<Instant> started(long pid) {
    return ProcessHandle.of(pid).flatMap(process -> process.info().startInstant());
  }
}
