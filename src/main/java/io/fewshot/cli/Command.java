package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.ops.Health;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/** What all commands share. */
abstract class Command implements Callable<Integer> {

  static final int DONE = 0;
  static final int FAILED = 1;
  static final int WRONG_USE = 2;

  protected final Console console;

  @Option(names = "--json", description = "Print one JSON object a line.")
  protected boolean json;

  @Option(
      names = "--verbose",
      description = "Say more on standard error, and where errors are from.")
  protected boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  Command(Console console) {
    this.console = console;
  }

  /** Does it and says with which status to end. */
  abstract int run() throws Exception;

  @Override
  public final Integer call() throws Exception {
    return run();
  }

  protected final void print(ObjectNode object) {
    console.result(object.toString());
  }

  /**
   * Says when a service becomes ready, and when no longer and why, until it is told to stop.
   *
   * @throws StoppedException when it is
   */
  final void sayReadiness(Health health) {
    new Readiness(health, console, json).watch();
  }
}
