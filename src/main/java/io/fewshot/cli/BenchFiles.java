package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * What a benchmark runs on: real messages and examples, those that are shipped unless others are
 * named.
 */
final class BenchFiles {

  static final String TASK = "bench";

  @Option(
      names = "--examples",
      paramLabel = "FILE",
      description = "Examples: text and label (default: those shipped for support).")
  private @Nullable String examples;

  @Option(
      names = "--messages",
      paramLabel = "FILE",
      description = "Messages: text (default: those shipped for support).")
  private @Nullable String messages;

  @Option(
      names = "--most-examples",
      paramLabel = "N",
      description = "Take so many, spread over the file (default: ${DEFAULT-VALUE}).")
  private int mostExamples = 1000;

  /** A task whose labels are those of the examples, answered by one rung alone. */
  static TaskDefinition task(String rung) {
    return new TaskYaml().parse(yaml(rung));
  }

  /** The definition's text. */
  static String yaml(String rung) {
    return """
        task: %s
        instruction: Name the intent of the customer's message.
        rungs: [%s]
        audit: 0
        """
        .formatted(TASK, rung);
  }

  List<Example> examples(Console console) {
    String path = examples == null ? shipped("support-intent.examples.csv") : examples;
    return spread(Examples.read(TASK, path, console), mostExamples);
  }

  /** So many texts, the file's over and over when it has fewer. */
  List<String> messages(Console console, int count) {
    String path = messages == null ? shipped("support-intent.messages.csv") : messages;
    List<String> all = InputFile.readAll(path, console).stream().map(Row::text).toList();
    if (all.isEmpty()) {
      throw new BadInputException(path + " has no messages");
    }
    List<String> few = spread(all, count);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      texts.add(few.get(i % few.size()));
    }
    return texts;
  }

  /** Files are often sorted by label. */
  private static <T> List<T> spread(List<T> all, int most) {
    if (all.size() <= most) {
      return all;
    }
    List<T> some = new ArrayList<>();
    for (int i = 0; i < most; i++) {
      some.add(all.get((int) ((long) i * all.size() / most)));
    }
    return some;
  }

  private static String shipped(String name) {
    return Path.of(System.getProperty(DemoFiles.HOME, "."), "tasks", name).toString();
  }
}
