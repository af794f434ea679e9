package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.internal.CorrectionOutcome;
import picocli.CommandLine.Option;

/** Takes back what a message taught. */
@picocli.CommandLine.Command(
    name = "forget",
    description = "Removes a message's example and training record, and what was seen of it.",
    footer = {
      "",
      "Example: ./fewshot forget --query-id 7c1f",
      "Status 1 when nothing is known of it. Examples that were imported: ./fewshot examples remove"
    })
final class ForgetCommand extends ClusterCommand {

  @Option(
      names = "--query-id",
      required = true,
      paramLabel = "ID",
      description = "The message, as its result names it.")
  private String queryId = "";

  @Option(names = "--no-wait", description = "Do not wait for what comes of it.")
  private boolean noWait;

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
    ObjectNode line = JsonLines.object().put("query_id", queryId);
    if (noWait) {
      CorrectionWatch.send(cluster, queryId, null);
      if (json) {
        print(line.put("decision", "SENT"));
      } else {
        console.result("asked to forget " + queryId);
      }
      return DONE;
    }
    CorrectionOutcome outcome;
    try (CorrectionWatch watch = new CorrectionWatch(console, cluster)) {
      outcome = watch.decide(queryId, null);
    }
    if (json) {
      print(CorrectionWatch.put(line, outcome));
    }
    return switch (outcome.getDecision()) {
      case NOTHING -> failed("nothing is known of a message " + queryId);
      case REFUSED -> failed("it was refused: " + Style.brief(outcome.getMessage(), 300));
      default -> {
        if (!json) {
          console.result("forgot " + queryId);
        }
        yield DONE;
      }
    };
  }

  private int failed(String why) {
    console.say(why);
    return FAILED;
  }
}
