package io.fewshot.cli;

import io.fewshot.ops.Settings;
import io.fewshot.ops.UpFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The main job in one go. */
@picocli.CommandLine.Command(
    name = "demo",
    description = "The main job in one go, with nothing else installed.",
    footer = {
      "",
      "Example: ./fewshot demo --task banking.yaml --examples train.csv --messages test.csv",
      "Without options it runs the shipped support task. The messages are answered in three parts:",
      "what of a part went to people is corrected from the labels in its file before the next one,",
      "and before the last a head is trained. Each message is compared with its own label only",
      "after it was answered."
    })
final class DemoCommand extends Command {

  @Option(
      names = "--task",
      paramLabel = "FILE",
      description = "A task definition; needs --messages.")
  private @Nullable String task;

  @Option(names = "--examples", paramLabel = "FILE", description = "Examples: text and label.")
  private @Nullable String examples;

  @Option(names = "--messages", paramLabel = "FILE", description = "Messages: text, maybe label.")
  private @Nullable String messages;

  @Option(names = "--keep", description = "Stay up afterwards, until Ctrl-C.")
  private boolean keep;

  DemoCommand(Console console) {
    super(console);
  }

  @Override
  int run() {
    DemoFiles files = DemoFiles.read(task, examples, messages, console);
    try (TemporaryDirectory directory = TemporaryDirectory.create();
        Steps steps = new Steps(console);
        Installation installation =
            Installation.start(
                console,
                Installation.Place.temporary(directory.path(), files.task(), keep ? null : 0),
                steps)) {
      try {
        new DemoRun(console, json, files, installation).run(steps);
      } catch (KafkaException e) {
        throw installation.cluster().explain(e);
      }
      if (keep) {
        stay(installation);
      }
    }
    return DONE;
  }

  private void stay(Installation installation) {
    Path cache = Settings.load(Map.of(), null, System.getenv()).cacheDirectory();
    try {
      UpFile.ofThisProcess(
              installation.bootstrapServers(), installation.registryUrl(), installation.webUrl())
          .write(cache);
      console.say(
          "still up: broker %s, registry %s, web %s; Ctrl-C ends it"
              .formatted(
                  installation.bootstrapServers(),
                  installation.registryUrl(),
                  installation.webUrl()));
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
  }
}
