package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.Topics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The example memory: import, list and remove. */
@picocli.CommandLine.Command(
    name = "examples",
    description = "The example memory.",
    footer = {"", "Example: ./fewshot examples list --task support-intent"})
final class ExamplesCommand extends Group {

  ExamplesCommand(Console console) {
    super(console);
  }

  /** What names the task. */
  abstract static class OfTask extends ClusterCommand {

    @Option(names = "--task", required = true, paramLabel = "T", description = "The task's name.")
    protected String task = "";

    OfTask(Console console) {
      super(console);
    }
  }

  /** Lists those there are. */
  @picocli.CommandLine.Command(
      name = "list",
      description = "Lists the examples of a task.",
      footer = {"", "Example: ./fewshot examples list --task support-intent --json"})
  static final class ListExamples extends OfTask {

    ListExamples(Console console) {
      super(console);
    }

    @Override
    int run(Cluster cluster) {
      String prefix = Topics.exampleKey(task, "");
      RecordCodec<Example> codec = cluster.codecs().codec(Example.class);
      Map<String, Example> latest = new LinkedHashMap<>();
      try (TopicReader reader = new TopicReader(cluster, cluster.topics().examples())) {
        reader.readToEnd(
            record -> {
              String key = TopicReader.key(record);
              if (key.startsWith(prefix)) {
                latest.remove(key);
                if (record.value() != null) {
                  keep(latest, key, codec, record);
                }
              }
              return true;
            });
      }
      latest.values().forEach(this::show);
      console.say("%,d examples of %s".formatted(latest.size(), task));
      return DONE;
    }

    private void keep(
        Map<String, Example> latest,
        String key,
        RecordCodec<Example> codec,
        ConsumerRecord<byte[], byte[]> record) {
      try {
        latest.put(key, codec.decode(record.topic(), record.headers(), record.value()));
      } catch (io.fewshot.event.RegistryUnavailableException e) {
        throw e;
      } catch (RecordException e) {
        console.say("skipped " + key + ": " + e.getMessage());
      }
    }

    private void show(Example example) {
      if (json) {
        print(JsonLines.of(example));
      } else {
        console.result(
            "%s  %s  %s"
                .formatted(
                    console.style().dim(example.getExampleId()),
                    console.style().bold("%-20s".formatted(Style.brief(example.getOutput(), 40))),
                    Style.brief(example.getInput(), 80)));
      }
    }
  }

  /** Removes some. */
  @picocli.CommandLine.Command(
      name = "remove",
      description = "Removes examples from the memory; status 1 for one that is not there.",
      footer = {"", "Example: ./fewshot examples remove --task support-intent 3f2a"})
  static final class Remove extends OfTask {

    @Parameters(arity = "1..*", paramLabel = "ID", description = "Ids, as list shows them.")
    private List<String> ids = List.of();

    @Option(names = "--no-wait", description = "Do not wait until they are gone.")
    private boolean noWait;

    Remove(Console console) {
      super(console);
    }

    @Override
    int run(Cluster cluster) {
      Set<String> there = TopicReader.keys(cluster, cluster.topics().examples());
      List<String> known =
          ids.stream().filter(id -> there.contains(Topics.exampleKey(task, id))).toList();
      if (noWait) {
        remove(cluster, known);
      } else if (!known.isEmpty()) {
        try (RemovalWatch watch = new RemovalWatch(console, cluster)) {
          remove(cluster, known);
          watch.await(known.stream().map(id -> Topics.exampleKey(task, id)).toList());
        }
      }
      known.forEach(this::tell);
      List<String> unknown = ids.stream().filter(id -> !known.contains(id)).toList();
      if (!unknown.isEmpty()) {
        throw new FailedException(
            "the task %s has no example %s".formatted(task, String.join(", ", unknown)));
      }
      return DONE;
    }

    private void remove(Cluster cluster, List<String> known) {
      try (Sender<Example> sender =
          new Sender<>(cluster, cluster.topics().examples(), Example.class, id -> {})) {
        known.forEach(id -> sender.send(id, Topics.exampleKey(task, id), null));
        sender.flush();
      }
    }

    private void tell(String exampleId) {
      if (json) {
        print(JsonLines.object().put("example_id", exampleId).put("task", task));
      } else {
        console.result((noWait ? "asked to remove " : "removed ") + exampleId);
      }
    }
  }
}
