package io.fewshot.cli;

import io.fewshot.event.Correction;
import io.fewshot.event.internal.CorrectionOutcome;
import io.fewshot.event.internal.Decision;
import io.fewshot.prompt.LabelText;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Says what the answer to a message should have been. */
@picocli.CommandLine.Command(
    name = "correct",
    description = "Says what the answer to a message should be; the next similar one profits.",
    footer = {
      "",
      "Example: ./fewshot correct --query-id 7c1f --output refund_not_showing_up --labeler ann",
      "A message that was answered in the last 7 days is known by its id; for another one give",
      "--task and --text. Status 1 when the stream refuses it; an id that nobody knows is waited for",
      "a minute."
    })
final class CorrectCommand extends ClusterCommand {

  @Option(
      names = "--query-id",
      required = true,
      paramLabel = "ID",
      description = "The message, as its result names it.")
  private String queryId = "";

  @Option(names = "--output", required = true, paramLabel = "X", description = "The right output.")
  private String output = "";

  @Option(names = "--labeler", required = true, paramLabel = "NAME", description = "Who says so.")
  private String labeler = "";

  @Option(names = "--task", paramLabel = "T", description = "The task, when not that of the id.")
  private @Nullable String task;

  @Option(names = "--text", paramLabel = "X", description = "The message, when not that of the id.")
  private @Nullable String text;

  @Option(names = "--no-wait", description = "Do not wait for what is decided about it.")
  private boolean noWait;

  CorrectCommand(Console console) {
    super(console);
  }

  @Override
  void check() {
    output = LabelText.of(output);
    requireText("--query-id", queryId);
    requireText("--output", output);
    requireText("--labeler", labeler);
    requireText("--task", task);
    requireText("--text", text);
  }

  private static void requireText(String option, @Nullable String value) {
    if (value != null && value.isBlank()) {
      throw new BadInputException(option + " is empty: give it a value");
    }
  }

  /** Without {@code --task} only the stream knows which task it is. */
  private void checkLabel(Cluster cluster) {
    if (task != null) {
      AppliedTasks.read(cluster)
          .find(task)
          .flatMap(definition -> LabelSurvey.problem(definition, output))
          .ifPresent(
              problem -> {
                throw new BadInputException(problem);
              });
    }
  }

  @Override
  int run(Cluster cluster) {
    checkLabel(cluster);
    Correction correction =
        Correction.newBuilder()
            .setQueryId(queryId)
            .setTask(task)
            .setText(text)
            .setOutput(output)
            .setLabeler(labeler)
            .setCreatedAt(Instant.now().truncatedTo(ChronoUnit.MILLIS))
            .build();
    if (noWait) {
      CorrectionWatch.send(cluster, queryId, correction);
      if (json) {
        print(JsonLines.of(correction).put("decision", "SENT"));
      } else {
        console.result("sent the correction of %s: %s".formatted(queryId, output));
      }
      return DONE;
    }
    CorrectionOutcome outcome;
    try (CorrectionWatch watch = new CorrectionWatch(console, cluster)) {
      outcome = watch.decide(queryId, correction);
    }
    if (json) {
      print(CorrectionWatch.put(JsonLines.of(correction), outcome));
    } else if (outcome.getDecision() != Decision.REFUSED) {
      console.result("corrected %s: %s".formatted(queryId, output));
    }
    if (outcome.getDecision() == Decision.REFUSED) {
      console.say("the correction was refused: " + Style.brief(outcome.getMessage(), 300));
      return FAILED;
    }
    return DONE;
  }
}
