package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.Method;
import io.fewshot.event.ModelRelease;
import io.fewshot.training.Connection;
import io.fewshot.training.ReleaseBook;
import io.fewshot.training.ReleaseBook.Slot;
import io.fewshot.training.ReleaseException;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What was trained and what serves. */
@picocli.CommandLine.Command(
    name = "releases",
    description = "Lists what was trained, and which of it serves.",
    footer = {"", "Example: ./fewshot releases --json"})
final class ReleasesCommand extends ClusterCommand {

  @Option(names = "--task", paramLabel = "T", description = "Only those of this task.")
  private @Nullable String task;

  ReleasesCommand(Console console) {
    super(console);
  }

  @Override
  int run(Cluster cluster) {
    ReleaseBook book = book(cluster);
    int shown = 0;
    for (ModelRelease release : book.releases()) {
      if (task != null && !task.equals(release.getTask())) {
        continue;
      }
      shown++;
      boolean serves =
          book.serving(new Slot(release.getTask(), release.getMethod()))
              .filter(release::equals)
              .isPresent();
      show(release, serves);
    }
    if (shown == 0) {
      console.say("no releases yet: ask for one with ./fewshot retrain --task T");
    }
    return DONE;
  }

  private void show(ModelRelease release, boolean serves) {
    if (json) {
      ObjectNode line = JsonLines.of(release);
      print(line.put("active", serves));
      return;
    }
    console.result(
        "%s %-24s %-5s %-26s accuracy %s, before %s, on %s"
            .formatted(
                serves ? "*" : " ",
                release.getTask(),
                release.getMethod(),
                release.getVersion(),
                metric(release, "accuracy", "%.3f"),
                metric(release, "incumbent_accuracy", "%.3f"),
                metric(release, "compared", "%.0f")));
  }

  private static String metric(ModelRelease release, String name, String format) {
    Map<String, Double> metrics = release.getMetrics();
    Double value = metrics.get(name);
    return value == null ? "-" : String.format(Locale.ROOT, format, value);
  }

  static ReleaseBook book(Cluster cluster) {
    cluster.require(cluster.topics().releases());
    return ReleaseBook.read(new Connection(cluster.settings(), cluster.topics(), cluster.codecs()));
  }

  /** Makes an older release serve again. */
  @picocli.CommandLine.Command(
      name = "rollback",
      description = "Makes a release serve again; every instance swaps at once.",
      footer = {
        "",
        "Example: ./fewshot releases rollback --task support-intent --method head"
            + " 20260102-030405-0a1b2c3d"
      })
  static final class Rollback extends ClusterCommand {

    @Option(names = "--task", required = true, paramLabel = "T", description = "The task.")
    private String task = "";

    @Option(names = "--method", required = true, paramLabel = "M", description = "head or lora.")
    private String method = "";

    @Parameters(paramLabel = "VERSION", description = "As ./fewshot releases has it.")
    private String version = "";

    Rollback(Console console) {
      super(console);
    }

    @Override
    void check() {
      method();
    }

    private Method method() {
      return switch (method.toLowerCase(Locale.ROOT)) {
        case "head" -> Method.HEAD;
        case "lora" -> Method.LORA;
        default -> throw new BadInputException("--method must be head or lora, not " + method);
      };
    }

    @Override
    int run(Cluster cluster) {
      Slot slot = new Slot(task, method());
      try {
        book(cluster).rollBack(slot, version, "rolled back on the command line");
      } catch (ReleaseException e) {
        throw new FailedException(String.valueOf(e.getMessage()), e);
      }
      if (json) {
        print(
            JsonLines.object()
                .put("task", task)
                .put("method", slot.method().name())
                .put("version", version));
      } else {
        console.say("%s serves %s from now on".formatted(task, version));
      }
      return DONE;
    }
  }
}
