package io.fewshot.cli;

import io.fewshot.event.Correction;
import picocli.CommandLine.Option;

/** Takes back what a message taught. */
@picocli.CommandLine.Command(
    name = "forget",
    description = "Removes a message's example and training record, and what was seen of it.",
    footer = {
      "",
      "Example: ./fewshot forget --query-id 7c1f",
      "One that is not known is no error. Examples that were imported: ./fewshot examples remove"
    })
final class ForgetCommand extends ClusterCommand {

  @Option(
      names = "--query-id",
      required = true,
      paramLabel = "ID",
      description = "The message, as its result names it.")
  private String queryId = "";

  ForgetCommand(Console console) {
    super(console);
  }

  @Override
  void check() {
    if (queryId.isBlank()) {
      throw new BadInputException("--query-id is empty");
    }
  }

  /** A correction without a value: the learning application knows what there is to remove. */
  @Override
  int run(Cluster cluster) {
    try (Sender<Correction> sender =
        new Sender<>(cluster, cluster.topics().corrections(), Correction.class, id -> {})) {
      sender.send(queryId, queryId, null);
      sender.flush();
    }
    if (json) {
      print(JsonLines.object().put("query_id", queryId));
    } else {
      console.result("forgot " + queryId);
    }
    return DONE;
  }
}
