package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.ops.Settings;
import io.fewshot.ops.UpFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** All parts, kept running. */
@picocli.CommandLine.Command(
    name = "up",
    description = "Runs broker, registry, stream and web page in one process, until Ctrl-C.",
    footer = {
      "",
      "Example: ./fewshot up --data state --tasks tasks",
      "Other commands on this machine find it without being told. What is in DIR survives."
    })
final class UpCommand extends Command {

  private static final String EXAMPLES = ".examples.csv";
  private static final long TASKS_NANOS = Duration.ofSeconds(15).toNanos();

  /** Enough for answers to be calibrated; the others may come later. */
  private static final int FIRST_EXAMPLES = 10;

  @Option(names = "--data", paramLabel = "DIR", description = "Keeps the data (default: .fewshot).")
  private Path data = Path.of(".fewshot");

  @Option(
      names = "--tasks",
      paramLabel = "DIR",
      description = "Loads NAME.yaml and, where it is, NAME.examples.csv.")
  private @Nullable Path tasks;

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "Of the web page; 0 for a free one (default: 8080, or a free one).")
  private @Nullable Integer port;

  @Option(names = "--broker-port", paramLabel = "N", description = "Of the broker (default: free).")
  private int brokerPort;

  @Option(
      names = "--registry-port",
      paramLabel = "N",
      description = "Of the registry (default: free).")
  private int registryPort;

  UpCommand(Console console) {
    super(console);
  }

  @Override
  int run() {
    Map<TaskFile, List<Example>> given = given();
    Path cache = Settings.load(Map.of(), null, System.getenv()).cacheDirectory();
    Installation.Place place =
        new Installation.Place(data.toAbsolutePath(), brokerPort, registryPort, port, Map.of());
    try (Steps steps = new Steps(console);
        Installation installation = Installation.start(console, place, steps)) {
      load(installation, given);
      steps.close();
      awaitReady(installation);
      awaitTasks(installation, given);
      UpFile.ofThisProcess(
              installation.bootstrapServers(), installation.registryUrl(), installation.webUrl())
          .write(cache);
      announce(installation);
      while (true) {
        StoppedException.pause(500);
        installation.check();
      }
    } catch (StoppedException e) {
      console.say("stopped");
    } catch (IOException e) {
      throw new FailedException("cannot write to " + cache + ": " + e.getMessage(), e);
    } finally {
      UpFile.remove(cache);
    }
    return DONE;
  }

  private static void load(Installation installation, Map<TaskFile, List<Example>> given) {
    try {
      given.keySet().forEach(installation::apply);
      given.values().forEach(installation::add);
    } catch (KafkaException e) {
      throw installation.cluster().explain(e);
    }
  }

  /** However long it takes: the model may have to be fetched, and what it waits for is said. */
  private void awaitReady(Installation installation) {
    String said = "";
    long quietUntil = System.nanoTime() + 5_000_000_000L;
    while (!installation.ready()) {
      installation.check();
      String waiting = installation.waitingFor();
      if (!waiting.equals(said) && System.nanoTime() > quietUntil) {
        console.say("waiting for " + waiting);
        said = waiting;
      }
      StoppedException.pause(50);
    }
  }

  /** A moment, until the tasks of the files are in force and what they accept can be trusted. */
  private static void awaitTasks(Installation installation, Map<TaskFile, List<Example>> given) {
    long deadline = System.nanoTime() + TASKS_NANOS;
    while (System.nanoTime() < deadline
        && !given.entrySet().stream()
            .allMatch(each -> isSettled(installation, each.getKey().task(), each.getValue()))) {
      installation.check();
      StoppedException.pause(50);
    }
  }

  private static boolean isSettled(Installation installation, String task, List<Example> examples) {
    long ids = examples.stream().map(Example::getExampleId).distinct().count();
    return installation.stream().tasks().find(task).isPresent()
        && installation.stream().memory().task(task).size() >= Math.min(ids, FIRST_EXAMPLES)
        && installation.stream().isCalibrated(task);
  }

  private void announce(Installation installation) {
    if (json) {
      print(
          JsonLines.object()
              .put("ready", true)
              .put("bootstrap", installation.bootstrapServers())
              .put("registry", installation.registryUrl())
              .put("web", installation.webUrl()));
    } else {
      console.result("broker    " + installation.bootstrapServers());
      console.result("registry  " + installation.registryUrl());
      console.result("web       " + installation.webUrl() + "/");
      console.say("ready; Ctrl-C ends it, what is in " + data + " stays");
    }
  }

  /** The task files, each with its examples; all read before anything starts. */
  private Map<TaskFile, List<Example>> given() {
    Map<TaskFile, List<Example>> given = new LinkedHashMap<>();
    Path directory = tasks;
    if (directory == null) {
      return given;
    }
    if (!Files.isDirectory(directory)) {
      throw new BadInputException(directory + " is not a directory: name one with task files");
    }
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.filter(UpCommand::isTask).sorted().toList()) {
        TaskFile task = TaskFile.read(file.toString());
        given.put(task, examples(task, file));
      }
    } catch (IOException e) {
      throw new BadInputException(directory + " cannot be read: " + e.getMessage());
    }
    return given;
  }

  private static boolean isTask(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".yaml") || name.endsWith(".yml");
  }

  private List<Example> examples(TaskFile task, Path file) {
    String name = file.getFileName().toString();
    Path examples = file.resolveSibling(name.substring(0, name.lastIndexOf('.')) + EXAMPLES);
    return Files.exists(examples)
        ? Examples.read(task.task(), examples.toString(), console)
        : List.of();
  }
}
