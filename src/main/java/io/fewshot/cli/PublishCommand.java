package io.fewshot.cli;

import io.fewshot.event.Query;
import java.time.Instant;
import java.util.UUID;
import org.apache.kafka.common.errors.AuthorizationException;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sends messages. */
@picocli.CommandLine.Command(
    name = "publish",
    description = "Sends messages to be answered.",
    footer = {
      "",
      "Example: ./fewshot publish --task support-intent tasks/support-intent.messages.csv",
      "FILE is CSV with a header or JSON: text; key if you have one; and a row's id if you have one:",
      "query_id, id or example_id, the first of these that it has."
    })
final class PublishCommand extends ClusterCommand {

  @Option(names = "--task", required = true, paramLabel = "T", description = "The task's name.")
  private String task = "";

  @Parameters(paramLabel = "FILE", description = "CSV or JSON; - for standard input.")
  private String path = "";

  PublishCommand(Console console) {
    super(console);
  }

  @Override
  void check() {
    RowCheck.all(console, path, row -> {});
  }

  @Override
  int run(Cluster cluster) {
    long start = System.nanoTime();
    try (InputFile file = InputFile.open(path, console.in());
        Progress progress = new Progress(console, "publishing", file.size());
        Sender<Query> sender =
            new Sender<>(cluster, cluster.topics().queries(), Query.class, this::taken)) {
      file.forEach(
          row -> {
            Query query = query(task, row);
            String key = row.key() == null ? query.getQueryId() : row.key();
            sender.send(query.getQueryId(), key, query);
            progress.at(file.bytesRead(), file.size());
          });
      sender.flush();
      progress.close();
      if (path.equals(InputFile.STDIN)) {
        file.sayNotes(console);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      console.say(
          "published %,d messages for %s in %.1f s".formatted(sender.count(), task, seconds));
    }
    if (!isKnown(cluster)) {
      console.say(
          "but there is no task %s: without one they become dead letters; see ./fewshot task list"
              .formatted(task));
    }
    return DONE;
  }

  /** Who may not read the tasks is not told. */
  private boolean isKnown(Cluster cluster) {
    try {
      return TopicReader.latest(cluster, cluster.topics().tasks()).containsKey(task);
    } catch (AuthorizationException e) {
      return true;
    }
  }

  /** The query of a row; one without an id gets a random one. */
  static Query query(String task, Row row) {
    String id = row.queryId() == null ? UUID.randomUUID().toString() : row.queryId();
    return Query.newBuilder()
        .setQueryId(id)
        .setTask(task)
        .setText(row.text())
        .setAttributes(java.util.Map.of())
        .setCreatedAt(Instant.now())
        .build();
  }

  private void taken(String queryId) {
    if (json) {
      print(JsonLines.object().put("query_id", queryId).put("task", task));
    }
  }
}
