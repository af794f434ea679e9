package io.fewshot.cli;

/** Speed. */
@picocli.CommandLine.Command(
    name = "bench",
    description = "Measures speed against limits measured in the same run.",
    footer = {"", "Example: ./fewshot bench engine --json"})
final class BenchCommand extends Group {

  BenchCommand(Console console) {
    super(console);
  }
}
