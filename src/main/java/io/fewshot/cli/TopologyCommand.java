package io.fewshot.cli;

import io.fewshot.event.Topics;
import io.fewshot.stream.Diagrams;
import java.util.Map;
import picocli.CommandLine.Option;

/** Prints the diagrams. */
@picocli.CommandLine.Command(
    name = "topology",
    description = "Prints the diagrams of the two stream applications.",
    footer = {"", "Example: ./fewshot topology --format text"})
final class TopologyCommand extends Command {

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Format format = Format.mermaid;

  /** As it is written on the command line. */
  enum Format {
    mermaid,
    svg,
    text
  }

  TopologyCommand(Console console) {
    super(console);
  }

  @Override
  int run() {
    draw(Topics.standard())
        .forEach(
            (application, diagram) -> {
              if (json) {
                print(
                    JsonLines.object()
                        .put("application", application)
                        .put("format", format.name())
                        .put("diagram", diagram));
              } else {
                console.say(application + ":");
                console.result(diagram.stripTrailing());
              }
            });
    return DONE;
  }

  private Map<String, String> draw(Topics topics) {
    return switch (format) {
      case mermaid -> Diagrams.mermaid(topics);
      case svg -> Diagrams.svg(topics);
      case text -> Diagrams.text(topics);
    };
  }
}
