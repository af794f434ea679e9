package io.fewshot.cli;

/** The command that holds all others. */
@picocli.CommandLine.Command(
    name = "fewshot",
    description = "Answers customers' messages on a stream, and learns from people.",
    footer = {
      "",
      "Example: ./fewshot demo",
      "Exit status: 0 done, 1 failed, 2 wrong use or bad input. Results go to standard output."
    })
final class FewshotCommand extends Group {

  FewshotCommand(Console console) {
    super(console);
  }
}
