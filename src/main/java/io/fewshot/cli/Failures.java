package io.fewshot.cli;

import io.fewshot.embedded.EmbeddedException;
import io.fewshot.event.RecordException;
import io.fewshot.model.ModelException;
import io.fewshot.ops.SettingsException;
import io.fewshot.prompt.InvalidTaskException;
import java.io.PrintWriter;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Errors as one line that says what to do.
 *
 * @param debug whether to show where they are from too
 */
record Failures(Console console, boolean debug) {

  int wrongUse(ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    String message = oneLine(e.getMessage()).replaceAll("\\.$", "");
    if (e instanceof UnmatchedArgumentException unmatched
        && !command.getSubcommands().isEmpty()
        && !unmatched.getUnmatched().isEmpty()) {
      message = "unknown command '" + unmatched.getUnmatched().get(0) + "'";
    }
    say(message + "; see ./" + command.getCommandSpec().qualifiedName() + " --help", e);
    return Command.WRONG_USE;
  }

  int failed(Exception e, CommandLine command, ParseResult parsed) {
    if (e instanceof Console.ReaderGoneException) {
      return Command.DONE;
    }
    if (StoppedException.isCause(e)) {
      say("stopped", null);
      return Command.FAILED;
    }
    if (e instanceof BadInputException
        || e instanceof SettingsException
        || e instanceof InvalidTaskException) {
      say(oneLine(e.getMessage()), e);
      return Command.WRONG_USE;
    }
    if (e instanceof FailedException
        || e instanceof EmbeddedException
        || e instanceof ModelException
        || e instanceof RecordException) {
      say(oneLine(e.getMessage()), e);
      return Command.FAILED;
    }
    if (e instanceof KafkaException) {
      return kafka(e);
    }
    say(
        "this should not happen: "
            + oneLine(e.toString())
            + (debug ? "" : "; --verbose shows more"),
        e);
    return Command.FAILED;
  }

  /** A service that Kafka's own clients refuse to start, or to go on with. */
  private int kafka(Exception e) {
    Throwable root = e;
    while (root.getCause() != null && !(root instanceof ConfigException)) {
      root = root.getCause();
    }
    if (root instanceof ConfigException) {
      say("the connection's settings are wrong: " + oneLine(root.getMessage()), e);
      return Command.WRONG_USE;
    }
    say("Kafka cannot do it: " + oneLine(root.getMessage()), e);
    return Command.FAILED;
  }

  private void say(String message, @Nullable Exception e) {
    console.say("fewshot: " + message);
    if (debug && e != null) {
      e.printStackTrace(new PrintWriter(console.err(), true));
    }
  }

  private static String oneLine(@Nullable String message) {
    return message == null
        ? "no reason given"
        : message.strip().replaceAll("\\s*[\\r\\n]+\\s*", " ");
  }
}
