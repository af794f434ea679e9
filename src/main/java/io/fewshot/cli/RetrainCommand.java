package io.fewshot.cli;

import io.fewshot.event.Method;
import io.fewshot.training.Connection;
import io.fewshot.training.Requests;
import io.fewshot.training.TrainingStatus;
import io.fewshot.training.TrainingStatus.State;
import java.util.Locale;
import picocli.CommandLine.Option;

/** Asks the trainer for a release. */
@picocli.CommandLine.Command(
    name = "retrain",
    description = "Asks the trainer to train a task; status 1 if that fails.",
    footer = {
      "",
      "Example: ./fewshot retrain --task support-intent --wait",
      "A candidate that is not better is not released; --wait says why, with status 0. One that could",
      "not be made, of too few examples for instance, is status 1."
    })
final class RetrainCommand extends ClusterCommand {

  @Option(names = "--task", required = true, paramLabel = "T", description = "The task.")
  private String task = "";

  @Option(names = "--method", paramLabel = "M", description = "head or lora (default: head).")
  private String method = "head";

  @Option(names = "--wait", description = "Wait for what comes of it.")
  private boolean wait;

  RetrainCommand(Console console) {
    super(console);
  }

  @Override
  void check() {
    method();
  }

  private Method method() {
    return switch (method.toLowerCase(Locale.ROOT)) {
      case "head", "auto" -> Method.HEAD;
      case "lora" -> Method.LORA;
      default -> throw new BadInputException("--method must be head or lora, not " + method);
    };
  }

  @Override
  int run(Cluster cluster) {
    cluster.require(cluster.topics().retrain());
    Connection connection = new Connection(cluster.settings(), cluster.topics(), cluster.codecs());
    Requests.Place place = Requests.send(connection, task, method(), "asked on the command line");
    if (!wait) {
      console.say("asked; ./fewshot releases shows what there is");
      return DONE;
    }
    TrainingStatus status;
    try (Steps steps = new Steps(console)) {
      status = new Retraining(console, task, place).await(cluster, steps, () -> {});
    }
    if (json) {
      print(
          JsonLines.object()
              .put("task", status.task())
              .put("method", status.method().name())
              .put("state", status.state().name())
              .put("version", status.version().isEmpty() ? null : status.version())
              .put("why", status.why())
              .set("metrics", metrics(status)));
    } else {
      String version = status.version().isEmpty() ? "" : " " + status.version();
      console.result(
          status.state().name().toLowerCase(Locale.ROOT) + version + ": " + status.why());
    }
    return status.state() == State.FAILED || couldNotBeMade(status) ? FAILED : DONE;
  }

  /** One that was measured and found no better is an answer; one without any figure is none. */
  private static boolean couldNotBeMade(TrainingStatus status) {
    return status.state() == State.REJECTED && status.metrics().isEmpty();
  }

  private static com.fasterxml.jackson.databind.node.ObjectNode metrics(TrainingStatus status) {
    com.fasterxml.jackson.databind.node.ObjectNode metrics = JsonLines.object();
    status.metrics().forEach((name, value) -> JsonLines.put(metrics, name, value));
    return metrics;
  }
}
