package io.fewshot.cli;

import picocli.CommandLine.Option;

/** The command that holds all others. */
@picocli.CommandLine.Command(
    name = "fewshot",
    versionProvider = Version.class,
    description = "Answers customers' messages on a stream, and learns from people.",
    footer = {
      "",
      "Example: ./fewshot demo",
      "Exit status: 0 done, 1 failed, 2 wrong use or bad input. Results go to standard output."
    })
final class FewshotCommand extends Group {

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  private boolean version;

  FewshotCommand(Console console) {
    super(console);
  }
}
