package io.fewshot.cli;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.cli.KnownExamples.Change;
import io.fewshot.event.Example;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.TaskDefinition;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.AuthorizationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Parameters;

/** Adds the rows of a file to the example memory. */
@picocli.CommandLine.Command(
    name = "import",
    description = "Adds examples, and says how many were new.",
    footer = {
      "",
      "Example: ./fewshot examples import --task support-intent tasks/support-intent.examples.csv",
      "FILE is CSV with a header or JSON: text; label, output or category; and a row's id if you",
      "have one: example_id, id or query_id, the first of these that it has. A row replaces what",
      "has its id; one without an id is called after what it says, so that it is there only once.",
      "A fault anywhere in FILE, and nothing is imported. Labels that the task does not have are",
      "refused, the other rows imported, and the status is 2."
    })
final class ImportCommand extends ExamplesCommand.OfTask {

  @Parameters(paramLabel = "FILE", description = "CSV or JSON; - for standard input.")
  private String path = "";

  private final LabelSurvey labels = new LabelSurvey();
  private final Map<Change, Integer> changes = new EnumMap<>(Change.class);
  private final Set<String> ids = new HashSet<>();
  private @Nullable StoredInput input;
  private int sent;
  private int refused;
  private int overwritten;
  private @Nullable Row firstOverwritten;

  ImportCommand(Console console) {
    super(console);
  }

  @Override
  void check() {
    StoredInput stored = StoredInput.of(path, console.in());
    input = stored;
    try (InputFile file = stored.open()) {
      file.forEach(
          row -> {
            RowCheck.example(stored.name(), row);
            labels.add(row);
          });
      file.sayNotes(console);
    } catch (RuntimeException e) {
      stored.close();
      throw e;
    }
  }

  @Override
  int run(Cluster cluster) {
    try (StoredInput stored = Objects.requireNonNull(input)) {
      AppliedTasks tasks = AppliedTasks.read(cluster);
      if (tasks.isMissing(task)) {
        throw new BadInputException(
            "there is no task %s: apply one with ./fewshot task apply FILE, or see ./fewshot task list"
                .formatted(task));
      }
      Optional<TaskDefinition> definition = tasks.find(task);
      if (definition.map(each -> each.kind() == Kind.CLASSIFY).orElse(true)) {
        labels.alike().forEach(line -> console.say(stored.name() + ": " + line));
      }
      Set<String> fixed =
          definition
              .filter(LabelSurvey::isFixed)
              .map(each -> each.labels().keySet())
              .orElseGet(Set::of);
      send(cluster, stored, fixed);
      say(stored, fixed);
      return refused == 0 ? DONE : WRONG_USE;
    }
  }

  /**
   * Sends what can be sent.
   *
   * @param fixed the labels that there are; empty when any will do
   */
  private void send(Cluster cluster, StoredInput stored, Set<String> fixed) {
    Optional<KnownExamples> known = known(cluster);
    try (InputFile file = stored.open();
        Progress progress = new Progress(console, "importing", file.size());
        Sender<Example> sender =
            new Sender<>(cluster, cluster.topics().examples(), Example.class, this::taken)) {
      file.forEach(
          row -> {
            if (fixed.isEmpty() || fixed.contains(row.label())) {
              Example example = Examples.of(task, row);
              Optional<Change> change = known.map(each -> each.put(example));
              count(row, example, change);
              sender.send(line(example, change), Examples.key(example), example);
            } else {
              refused++;
            }
            progress.at(file.bytesRead(), file.size());
          });
      sender.flush();
    }
  }

  /** Who may only write is not told what was there. */
  private Optional<KnownExamples> known(Cluster cluster) {
    try {
      return Optional.of(KnownExamples.read(cluster, task));
    } catch (AuthorizationException e) {
      return Optional.empty();
    }
  }

  private void count(Row row, Example example, Optional<Change> change) {
    sent++;
    boolean repeatsId = !ids.add(example.getExampleId());
    if (repeatsId && change.filter(Change.REPLACED::equals).isPresent()) {
      overwritten++;
      firstOverwritten = firstOverwritten == null ? row : firstOverwritten;
    }
    change.ifPresent(each -> changes.merge(each, 1, Integer::sum));
  }

  private String line(Example example, Optional<Change> change) {
    ObjectNode line =
        JsonLines.object().put("example_id", example.getExampleId()).put("task", task);
    change.ifPresent(each -> line.put("change", spoken(each)));
    return line.toString();
  }

  private void taken(String line) {
    if (json) {
      console.result(line);
    }
  }

  private void say(StoredInput stored, Set<String> fixed) {
    Row first = firstOverwritten;
    if (first != null) {
      console.say(
          "%s: %s the id of an earlier row and replaced it, the first on line %d (id %s)"
              .formatted(
                  stored.name(),
                  overwritten == 1 ? "1 row has" : overwritten + " rows have",
                  first.line(),
                  Style.brief(String.valueOf(first.exampleId()), 40)));
    }
    console.say(
        "imported %,d %s for %s: %s, %,d refused"
            .formatted(sent, sent == 1 ? "example" : "examples", task, changes(), refused));
    if (refused > 0) {
      console.say(
          "%s: the task %s has no label %s: correct these rows, or add the labels to the task"
              .formatted(stored.name(), task, labels.named(labels.unknown(fixed), fixed)));
    }
  }

  private String changes() {
    if (sent > 0 && changes.isEmpty()) {
      return "how many were new cannot be told without the right to read them";
    }
    return Stream.of(Change.values())
        .map(each -> "%,d %s".formatted(changes.getOrDefault(each, 0), spoken(each)))
        .collect(joining(", "));
  }

  private static String spoken(Change change) {
    return change.name().toLowerCase(Locale.ROOT);
  }
}
