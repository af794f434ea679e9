package io.fewshot.cli;

import io.fewshot.embedded.EmbeddedRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Runs once after a build, for the launcher: has the registry make its archive of classes, and runs
 * a demo of two messages so that the launcher sees which classes our own archive should have.
 */
@picocli.CommandLine.Command(
    name = "prepare",
    hidden = true,
    description = "Makes later starts fast; the launcher runs it after a build.",
    footer = {"", "Example: ./fewshot prepare"})
final class PrepareCommand extends Command {

  private static final String TASK =
      "task: warm-up\ninstruction: Say which greeting it is.\nrungs: [neighbours]\n";
  private static final String MESSAGES = "text,label\nhello,coming\ngoodbye,going\n";

  PrepareCommand(Console console) {
    super(console);
  }

  @Override
  int run() throws IOException {
    EmbeddedRegistry.prepareFastStart();
    try (TemporaryDirectory directory = TemporaryDirectory.create()) {
      Path task = directory.path().resolve("task.yaml");
      Path messages = directory.path().resolve("messages.csv");
      Files.writeString(task, TASK);
      Files.writeString(messages, MESSAGES);
      return Main.run(
          console,
          "demo",
          "--task",
          task.toString(),
          "--examples",
          messages.toString(),
          "--messages",
          messages.toString());
    }
  }
}
