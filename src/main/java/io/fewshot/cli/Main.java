package io.fewshot.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import picocli.CommandLine;

/** Where {@code ./fewshot} begins. */
public final class Main {

  private static final int CLOSE_SECONDS = 30;

  private Main() {}

  /** Runs one command and ends the process with its status. */
  public static void main(String[] arguments) {
    Console console = Console.system();
    // Whatever a library prints there must not be taken for a result.
    System.setOut(System.err);
    Logs.configure(arguments);
    CountDownLatch finished = new CountDownLatch(1);
    AtomicInteger status = new AtomicInteger(Command.FAILED);
    Thread main = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(main, finished, status), "stop"));
    status.set(run(console, arguments));
    finished.countDown();
    System.exit(status.get());
  }

  /** Runs one command. */
  static int run(Console console, String... arguments) {
    Optional<String> garbled = garbled(arguments);
    if (garbled.isPresent()) {
      console.say(
          "fewshot: the argument '%s' has lost characters on its way: use a UTF-8 locale, LC_ALL=C.UTF-8"
              .formatted(Style.brief(garbled.get(), 60)));
      return Command.WRONG_USE;
    }
    return commandLine(console, debugs(arguments)).execute(nestedHelp(arguments));
  }

  /**
   * On Ctrl-C or SIGTERM the command gets the time to end the pass that it computes and to close
   * what it opened. Whatever computes after that does not hold up the end, nor crash at it.
   */
  private static void stop(Thread main, CountDownLatch finished, AtomicInteger status) {
    if (finished.getCount() == 0) {
      return;
    }
    main.interrupt();
    try {
      finished.await(CLOSE_SECONDS, TimeUnit.SECONDS);
      LastExit.with(status.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static CommandLine commandLine(Console console, boolean debug) {
    CommandLine line = new CommandLine(new FewshotCommand(console));
    line.addSubcommand(new DemoCommand(console))
        .addSubcommand(new UpCommand(console))
        .addSubcommand(new StreamCommand(console))
        .addSubcommand(new WebCommand(console))
        .addSubcommand(new TrainerCommand(console))
        .addSubcommand(
            new CommandLine(new TopicsCommand(console))
                .addSubcommand(new TopicsCommand.Create(console))
                .addSubcommand(new TopicsCommand.Check(console))
                .addSubcommand(new TopicsCommand.Grow(console)))
        .addSubcommand(
            new CommandLine(new TaskCommand(console))
                .addSubcommand(new TaskCommand.Apply(console))
                .addSubcommand(new TaskCommand.ListTasks(console))
                .addSubcommand(new TaskCommand.Remove(console)))
        .addSubcommand(
            new CommandLine(new ExamplesCommand(console))
                .addSubcommand(new ImportCommand(console))
                .addSubcommand(new ExamplesCommand.ListExamples(console))
                .addSubcommand(new ExamplesCommand.Remove(console)))
        .addSubcommand(new PublishCommand(console))
        .addSubcommand(new ResultsCommand(console))
        .addSubcommand(
            new CommandLine(new DeadLettersCommand(console))
                .addSubcommand(new DeadLettersCommand.ListLetters(console))
                .addSubcommand(new DeadLettersCommand.Show(console))
                .addSubcommand(new DeadLettersCommand.Replay(console))
                .addSubcommand(new DeadLettersCommand.Drop(console)))
        .addSubcommand(
            new CommandLine(new ModelCommand(console))
                .addSubcommand(new ModelCommand.ListModels(console))
                .addSubcommand(new ModelCommand.Pull(console)))
        .addSubcommand(new CorrectCommand(console))
        .addSubcommand(new ForgetCommand(console))
        .addSubcommand(
            new CommandLine(new DatasetCommand(console))
                .addSubcommand(new DatasetCommand.Export(console)))
        .addSubcommand(new RetrainCommand(console))
        .addSubcommand(
            new CommandLine(new ReleasesCommand(console))
                .addSubcommand(new ReleasesCommand.Rollback(console)))
        .addSubcommand(new EvalCommand(console))
        .addSubcommand(new SimulateCommand(console))
        .addSubcommand(
            new CommandLine(new BenchCommand(console))
                .addSubcommand(new BenchEngineCommand(console))
                .addSubcommand(new BenchStreamCommand(console)))
        .addSubcommand(new TopologyCommand(console))
        .addSubcommand(new DoctorCommand(console))
        .addSubcommand(new PrepareCommand(console))
        .addSubcommand(new CommandLine.HelpCommand());
    Failures failures = new Failures(console, debug);
    // An output may begin with @: it is text, and no file of arguments.
    return line.setExpandAtFiles(false)
        .setOut(new java.io.PrintWriter(console.out(), true))
        .setErr(new java.io.PrintWriter(console.err(), true))
        .setColorScheme(
            CommandLine.Help.defaultColorScheme(
                console.style().colours() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
        .setParameterExceptionHandler(failures::wrongUse)
        .setExecutionExceptionHandler(failures::failed);
  }

  /** Picocli's own command knows the first level only: {@code help examples import}. */
  private static String[] nestedHelp(String... arguments) {
    if (arguments.length < 3 || !arguments[0].equals("help")) {
      return arguments;
    }
    String[] rest = Arrays.copyOfRange(arguments, 1, arguments.length + 1);
    rest[rest.length - 1] = "--help";
    return rest;
  }

  /** Java puts this in the place of what it cannot read; taught as it is, it would be a label. */
  private static Optional<String> garbled(String... arguments) {
    return Stream.of(arguments).filter(each -> each.indexOf('\uFFFD') >= 0).findFirst();
  }

  static boolean debugs(String... arguments) {
    String debug = System.getenv("FEWSHOT_DEBUG");
    return List.of(arguments).contains("--verbose")
        || (debug != null && !debug.isBlank() && !debug.equals("0"));
  }
}
