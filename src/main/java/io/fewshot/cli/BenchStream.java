package io.fewshot.cli;

import io.fewshot.cli.DemoWatch.Outcome;
import io.fewshot.embedded.Embedded;
import io.fewshot.event.Example;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.Topics;
import io.fewshot.ops.Settings;
import io.fewshot.training.Connection;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Broker and registry in this process and {@code stream} in one of its own, so that what the stream
 * costs can be told from what the broker costs. Owns all of them until it is closed.
 */
final class BenchStream implements AutoCloseable {

  private static final long GIVE_UP_NANOS = Duration.ofMinutes(5).toNanos();

  private final Console console;
  private final TemporaryDirectory directory = TemporaryDirectory.create();
  private final Embedded embedded;
  private final Cluster cluster;
  private final DemoWatch watch;
  private final Sender<Query> sender;
  private @Nullable Process process;

  BenchStream(Console console) {
    this.console = console;
    this.embedded = Embedded.startTemporary();
    Map<String, String> here = new HashMap<>(embedded.properties());
    here.put(Settings.STATE_DIR, directory.path().toString());
    this.cluster = new Cluster(Settings.load(Map.of(), null, System.getenv()).with(here));
    cluster.topicAdmin().create(cluster.topics(), 1);
    this.watch = new DemoWatch(console, cluster);
    this.sender = new Sender<>(cluster, cluster.topics().queries(), Query.class, id -> {});
  }

  /** Starts the stream and waits until it is ready. */
  void start() throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(argument -> argument.startsWith("-X") || argument.startsWith("-D"))
            .toList());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("stream", "--json", "--port", "0"));
    command.addAll(List.of("--bootstrap-servers", embedded.bootstrapServers()));
    command.addAll(List.of("--schema-registry-url", embedded.registryUrl()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("FEWSHOT_STATE_DIR", directory.path().resolve("state").toString());
    builder.redirectError(directory.path().resolve("stream.log").toFile());
    Process started = builder.start();
    process = started;
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(started.getInputStream(), StandardCharsets.UTF_8));
    String line = lines.readLine();
    while (line != null && !line.contains("\"ready\":true")) {
      line = lines.readLine();
    }
    if (line == null) {
      String log = Files.readString(directory.path().resolve("stream.log"));
      throw new FailedException("the stream did not start: " + log.strip());
    }
  }

  void apply(String yaml, String task) {
    try (Sender<TaskDefinition> tasks =
        new Sender<>(cluster, cluster.topics().tasks(), TaskDefinition.class, id -> {})) {
      TaskDefinition definition =
          TaskDefinition.newBuilder()
              .setTask(task)
              .setDefinition(yaml)
              .setCreatedAt(Instant.now())
              .build();
      tasks.send(task, task, definition);
      tasks.flush();
    }
  }

  void add(List<Example> examples) {
    try (Sender<Example> adding =
        new Sender<>(cluster, cluster.topics().examples(), Example.class, id -> {})) {
      examples.forEach(e -> adding.send(e.getExampleId(), Examples.key(e), e));
      adding.flush();
    }
  }

  /** Waits until an example is in the stream's memory and the rung answers. */
  void awaitAnswer(String task, Example example, String rung) {
    long end = System.nanoTime() + GIVE_UP_NANOS;
    while (System.nanoTime() < end) {
      Result result = answers(task, List.of(example.getInput())).get(0);
      if (result.getRung().equals(rung)
          && result.getExampleIds().contains(example.getExampleId())) {
        return;
      }
    }
    throw new FailedException("the stream does not know its examples after five minutes");
  }

  /** Publishes the texts and waits for all results, in the order in which they come. */
  List<Result> answers(String task, List<String> texts) {
    Set<String> open = new HashSet<>();
    for (String text : texts) {
      String id = UUID.randomUUID().toString();
      open.add(id);
      sender.send(
          id,
          id,
          Query.newBuilder()
              .setQueryId(id)
              .setTask(task)
              .setText(text)
              .setAttributes(Map.of(Topics.DRY_RUN, "true"))
              .setCreatedAt(Instant.now())
              .build());
    }
    sender.flush();
    List<Result> results = new ArrayList<>();
    long end = System.nanoTime() + GIVE_UP_NANOS;
    while (!open.isEmpty()) {
      watch.poll(
          outcome -> {
            if (outcome instanceof Outcome.Answered answered
                && open.remove(answered.result().getQueryId())) {
              results.add(answered.result());
            } else if (outcome instanceof Outcome.Refused refused) {
              throw new FailedException("a message was refused: " + refused.why());
            }
          });
      Process running = process;
      if (System.nanoTime() > end || running == null || !running.isAlive()) {
        throw new FailedException("the stream no longer answers: " + open.size() + " are missing");
      }
    }
    return results;
  }

  /** Publishes the texts at a steady rate; see {@link BenchLoad}. */
  BenchLoad.Seen load(String task, List<String> texts, double perSecond, List<Runnable> events) {
    return new BenchLoad(watch, sender).run(task, texts, perSecond, events);
  }

  /** To its broker and registry. */
  Connection connection() {
    return new Connection(cluster.settings(), cluster.topics(), cluster.codecs());
  }

  /** Processor time of the stream's process so far. */
  double coreSeconds() {
    return process().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  /** Processor time of the JIT compilers' threads so far; 0 where the system keeps it to itself. */
  double compilerSeconds() {
    Path tasks = Path.of("/proc", Long.toString(process().pid()), "task");
    try (Stream<Path> threads = Files.list(tasks)) {
      return threads.mapToDouble(BenchStream::compilerSeconds).sum();
    } catch (IOException e) {
      return 0;
    }
  }

  /** See proc(5): after the name in parentheses, fields 14 and 15 are clock ticks, 100 a second. */
  private static double compilerSeconds(Path thread) {
    try {
      String stat = Files.readString(thread.resolve("stat"));
      int end = stat.lastIndexOf(')');
      if (!stat.substring(0, end).contains("Compile")) {
        return 0;
      }
      String[] fields = stat.substring(end + 2).split(" ");
      return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
    } catch (IOException e) {
      // It has ended in the meantime.
      return 0;
    }
  }

  /**
   * Resident memory of the stream's process, in MiB; not a number where the system keeps it to
   * itself.
   */
  double residentMib() {
    Path status = Path.of("/proc", Long.toString(process().pid()), "status");
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

  private Process process() {
    Process running = process;
    if (running == null) {
      throw new IllegalStateException("the stream was not started");
    }
    return running;
  }

  @Override
  public void close() {
    Process running = process;
    if (running != null) {
      running.destroy();
      running
          .onExit()
          .orTimeout(20, java.util.concurrent.TimeUnit.SECONDS)
          .exceptionally(late -> running.destroyForcibly())
          .join();
    }
    sender.close();
    watch.close();
    cluster.close();
    embedded.close();
    directory.close();
  }
}
