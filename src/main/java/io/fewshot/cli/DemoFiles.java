package io.fewshot.cli;

import io.fewshot.event.Example;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a demo runs on; all of it was read and is good. */
record DemoFiles(TaskFile task, List<Example> examples, List<Row> messages) {

  /** Where the launcher lies, and beside it what is shipped. */
  static final String HOME = "fewshot.home";

  /**
   * Reads the files; what is not named is that of the shipped support task.
   *
   * @throws BadInputException for the first fault
   */
  static DemoFiles read(
      @Nullable String task,
      @Nullable String examples,
      @Nullable String messages,
      Console console) {
    if (task != null && messages == null) {
      throw new BadInputException(
          "--task needs --messages FILE: the shipped messages are for another task");
    }
    if (examples != null && examples.equals(messages) && examples.equals(InputFile.STDIN)) {
      throw new BadInputException("only one of --examples and --messages can be standard input");
    }
    TaskFile definition = TaskFile.read(task == null ? shipped("support-intent.yaml") : task);
    String from =
        examples == null && task == null ? shipped("support-intent.examples.csv") : examples;
    List<Example> known =
        from == null ? List.of() : Examples.read(definition.task(), from, console);
    List<Row> rows =
        InputFile.readAll(
            messages == null ? shipped("support-intent.messages.csv") : messages, console);
    return new DemoFiles(definition, known, rows);
  }

  private static String shipped(String name) {
    return Path.of(System.getProperty(HOME, "."), "tasks", name).toString();
  }
}
