package io.fewshot.cli;

import io.fewshot.embedded.DieWithParent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * {@code stream} in a process of its own, and what it costs. Owns the process until it is closed.
 */
final class StreamProcess implements AutoCloseable {

  private static final Pattern ADDRESS = Pattern.compile("serving (http://\\S+)/readyz");
  private static final Pattern EXAMPLES =
      Pattern.compile("^fewshot_examples(?:\\{[^}]*})? (\\S+)", Pattern.MULTILINE);

  private final Process process;
  private final Path log;
  private final HttpClient http = HttpClient.newHttpClient();

  private StreamProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts it with the options of this Java process and waits until it is ready.
   *
   * @param directory for its state and its log
   */
  static StreamProcess start(Path directory, String bootstrapServers, String registryUrl)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(argument -> argument.startsWith("-X") || argument.startsWith("-D"))
            .toList());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(DieWithParent.class.getName(), Main.class.getName()));
    command.addAll(List.of("stream", "--json", "--port", "0"));
    command.addAll(List.of("--bootstrap-servers", bootstrapServers));
    command.addAll(List.of("--schema-registry-url", registryUrl));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("FEWSHOT_STATE_DIR", directory.resolve("state").toString());
    Path log = directory.resolve("stream.log");
    builder.redirectError(log.toFile());
    StreamProcess started = new StreamProcess(builder.start(), log);
    try {
      started.awaitReady();
      return started;
    } catch (IOException | RuntimeException e) {
      started.close();
      throw e;
    }
  }

  private void awaitReady() throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = lines.readLine();
    while (line != null && !line.contains("\"ready\":true")) {
      line = lines.readLine();
    }
    if (line == null) {
      throw new FailedException("the stream did not start: " + Files.readString(log).strip());
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** How many examples it can be asked about, by its metrics. */
  long examples() {
    try {
      Matcher address = ADDRESS.matcher(Files.readString(log));
      if (!address.find()) {
        throw new FailedException("the stream does not say where its metrics are");
      }
      URI metrics = URI.create(address.group(1) + "/metrics");
      HttpRequest request = HttpRequest.newBuilder(metrics).timeout(Duration.ofSeconds(10)).build();
      Matcher examples = EXAMPLES.matcher(http.send(request, BodyHandlers.ofString()).body());
      return examples.find() ? (long) Double.parseDouble(examples.group(1)) : 0;
    } catch (IOException e) {
      throw new FailedException("the stream's metrics cannot be read: " + e.getMessage());
    } catch (InterruptedException e) {
      throw new StoppedException();
    }
  }

  /** Processor time so far. */
  double coreSeconds() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  /**
   * Processor time so far of the threads that are there and whose name contains this; 0 where the
   * system keeps it to itself.
   */
  double coreSeconds(String name) {
    Path tasks = Path.of("/proc", Long.toString(process.pid()), "task");
    try (Stream<Path> threads = Files.list(tasks)) {
      return threads.mapToDouble(thread -> coreSeconds(thread, name)).sum();
    } catch (IOException e) {
      return 0;
    }
  }

  /** See proc(5): after the name in parentheses, fields 14 and 15 are clock ticks, 100 a second. */
  private static double coreSeconds(Path thread, String name) {
    try {
      String stat = Files.readString(thread.resolve("stat"));
      int end = stat.lastIndexOf(')');
      if (!stat.substring(0, end).contains(name)) {
        return 0;
      }
      String[] fields = stat.substring(end + 2).split(" ");
      return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
    } catch (IOException e) {
      // It has ended in the meantime.
      return 0;
    }
  }

  /** Resident memory in MiB; not a number where the system keeps it to itself. */
  double residentMib() {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    try {
      return Files.readAllLines(status).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(Double.NaN);
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  @Override
  public void close() {
    process.destroy();
    process
        .onExit()
        .orTimeout(20, TimeUnit.SECONDS)
        .exceptionally(late -> process.destroyForcibly())
        .join();
  }
}
