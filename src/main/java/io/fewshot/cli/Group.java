package io.fewshot.cli;

/** A command that only has commands below it. */
abstract class Group extends Command {

  @picocli.CommandLine.Spec
  private picocli.CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

  Group(Console console) {
    super(console);
  }

  @Override
  final int run() {
    String below = spec == null ? "" : String.join(", ", spec.subcommands().keySet());
    throw new BadInputException("which one? choose of " + below);
  }
}
