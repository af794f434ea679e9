package io.fewshot.cli;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.SaneTime;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.internal.AuditOutcome;
import io.fewshot.ladder.AuditBook;
import io.fewshot.ladder.Proof;
import io.fewshot.prompt.InvalidTaskException;
import io.fewshot.prompt.LabelText;
import io.fewshot.prompt.TaskYaml;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Task definitions: apply and list. */
@picocli.CommandLine.Command(
    name = "task",
    description = "Task definitions.",
    footer = {"", "Example: ./fewshot task apply tasks/support-intent.yaml"})
final class TaskCommand extends Group {

  TaskCommand(Console console) {
    super(console);
  }

  /** Publishes definitions. */
  @picocli.CommandLine.Command(
      name = "apply",
      description = "Checks task definitions and puts them in force.",
      footer = {"", "Example: ./fewshot task apply tasks/*.yaml"})
  static final class Apply extends ClusterCommand {

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "A task definition in YAML.")
    private List<String> paths = List.of();

    @Option(names = "--new-only", description = "Leave tasks that are there as they are.")
    private boolean newOnly;

    private final List<TaskFile> files = new ArrayList<>();

    Apply(Console console) {
      super(console);
    }

    @Override
    void check() {
      paths.forEach(path -> files.add(TaskFile.read(path)));
      for (TaskFile file : files) {
        for (List<String> alike : LabelText.alike(file.definition().labels().keySet())) {
          console.say(
              "%s: the labels %s differ by case, spaces or form only: keep one of them"
                  .formatted(
                      file.path(),
                      alike.stream().map(LabelSurvey::quote).collect(joining(" and "))));
        }
      }
    }

    @Override
    int run(Cluster cluster) {
      if (newOnly) {
        Set<String> there = TopicReader.keys(cluster, cluster.topics().tasks());
        files.removeIf(file -> isThere(there, file.task()));
      }
      try (Sender<TaskDefinition> sender =
          new Sender<>(cluster, cluster.topics().tasks(), TaskDefinition.class, this::taken)) {
        files.forEach(file -> sender.send(file.task(), file.task(), file.record()));
        sender.flush();
      }
      return DONE;
    }

    private boolean isThere(Set<String> tasks, String task) {
      if (tasks.contains(task)) {
        console.say("left " + task + " as it is");
        return true;
      }
      return false;
    }

    private void taken(String task) {
      if (json) {
        print(JsonLines.object().put("task", task));
      } else {
        console.result("applied " + task);
      }
    }
  }

  /** Ends some. */
  @picocli.CommandLine.Command(
      name = "remove",
      description = "Ends tasks: their messages are refused from then on. Examples stay.",
      footer = {"", "Example: ./fewshot task remove support-intent"})
  static final class Remove extends ClusterCommand {

    @Parameters(arity = "1..*", paramLabel = "TASK", description = "Names, as list shows them.")
    private List<String> tasks = List.of();

    Remove(Console console) {
      super(console);
    }

    @Override
    int run(Cluster cluster) {
      Set<String> there = TopicReader.keys(cluster, cluster.topics().tasks());
      List<String> unknown = tasks.stream().filter(task -> !there.contains(task)).toList();
      if (!unknown.isEmpty()) {
        throw new FailedException("there is no task " + String.join(", ", unknown));
      }
      try (Sender<TaskDefinition> sender =
          new Sender<>(cluster, cluster.topics().tasks(), TaskDefinition.class, this::taken)) {
        tasks.forEach(task -> sender.send(task, task, null));
        sender.flush();
      }
      return DONE;
    }

    private void taken(String task) {
      if (json) {
        print(JsonLines.object().put("task", task));
      } else {
        console.result("removed " + task);
      }
    }
  }

  /** Lists those in force. */
  @picocli.CommandLine.Command(
      name = "list",
      description = "Lists the task definitions.",
      footer = {"", "Example: ./fewshot task list --json"})
  static final class ListTasks extends ClusterCommand {

    private final AuditBook audits = new AuditBook();

    ListTasks(Console console) {
      super(console);
    }

    @Override
    int run(Cluster cluster) {
      Map<String, ConsumerRecord<byte[], byte[]>> latest =
          TopicReader.latest(cluster, cluster.topics().tasks());
      readAudits(cluster);
      RecordCodec<TaskDefinition> codec = cluster.codecs().codec(TaskDefinition.class);
      latest.values().forEach(record -> show(codec, record));
      if (latest.isEmpty()) {
        console.say("no tasks yet: ./fewshot task apply FILE");
      }
      return DONE;
    }

    private void readAudits(Cluster cluster) {
      Deserializer<AuditOutcome> outcomes = InternalSerde.auditOutcome().deserializer();
      try (TopicReader reader = new TopicReader(cluster, cluster.topics().audits())) {
        reader.readToEnd(
            record -> {
              audits.remove(TopicReader.key(record));
              AuditOutcome outcome = outcomes.deserialize(record.topic(), record.value());
              if (outcome != null) {
                audits.put(
                    TopicReader.key(record),
                    outcome.getTask(),
                    new AuditBook.Audited(outcome.getConfidence(), outcome.getRight()));
              }
              return true;
            });
      }
    }

    private void show(RecordCodec<TaskDefinition> codec, ConsumerRecord<byte[], byte[]> record) {
      try {
        TaskDefinition task = codec.decode(record.topic(), record.headers(), record.value());
        Optional<Proof> proof = proof(task);
        if (json) {
          ObjectNode line = JsonLines.of(task);
          proof.ifPresent(found -> put(line, found));
          print(line);
        } else {
          console.result(line(task, Instant.ofEpochMilli(record.timestamp()), proof));
        }
      } catch (io.fewshot.event.RegistryUnavailableException e) {
        throw e;
      } catch (RecordException e) {
        console.say("skipped " + TopicReader.key(record) + ": " + e.getMessage());
      }
    }

    private Optional<Proof> proof(TaskDefinition record) {
      try {
        return audits.proof(new TaskYaml().parse(record.getDefinition()));
      } catch (InvalidTaskException e) {
        return Optional.empty();
      }
    }

    private static void put(ObjectNode line, Proof proof) {
      line.put("promise_proven", proof.isProven());
      line.put("audits", proof.audits());
      line.put("audits_right", proof.right());
      JsonLines.put(line, "accuracy_at_least", proof.atLeast());
      JsonLines.put(line, "accepts_from_confidence", proof.proven());
    }

    private static String said(Proof proof) {
      if (proof.isProven()) {
        return String.format(
            Locale.ROOT,
            "promise kept: proven %.3f from %d audits",
            proof.atLeast(),
            proof.audits());
      }
      return proof.audits() == 0
          ? "not yet proven: no audits"
          : "not yet proven: %d audits, %d right".formatted(proof.audits(), proof.right());
    }

    private String line(TaskDefinition record, Instant recorded, Optional<Proof> proof) {
      Instant time = SaneTime.of(record.getCreatedAt(), recorded.toEpochMilli());
      String what;
      try {
        io.fewshot.prompt.TaskDefinition task = new TaskYaml().parse(record.getDefinition());
        what =
            "%-8s  %s"
                .formatted(
                    task.kind().name().toLowerCase(Locale.ROOT),
                    Style.brief(task.instruction(), 60));
      } catch (InvalidTaskException e) {
        what = "not in force: " + e.getMessage();
      }
      return "%-24s  %s  %s%s"
          .formatted(
              record.getTask(),
              console.style().dim(time.toString()),
              what,
              proof.map(found -> "  (" + said(found) + ")").orElse(""));
    }
  }
}
