package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.memory.Encoders;
import io.fewshot.model.EngineBench;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.model.Scoring;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.ops.Settings;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskYaml;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The stream. */
@picocli.CommandLine.Command(
    name = "stream",
    description = "Measures the stream on a broker and a registry of its own.",
    footer = {
      "",
      "Example: ./fewshot bench stream --examples train.csv --messages test.csv",
      "The stream runs in a process of its own, so its processor time and memory are its own.",
      "engine_ratio: messages/s through Kafka over those of encoder and language model alone,",
      "measured before and after each run. overhead: processor time of the stream's process a",
      "message, without what encoding alone takes. --swap: a new release and the way back, each",
      "while messages flow; delayed is what takes over twice the usual p99."
    })
final class BenchStreamCommand extends Command {

  private static final int ENCODED_AT_ONCE = 64;

  /** Rounds after which the warm-up ends, though the compilers be still busy. */
  private static final int MAX_WARM_UP = 20;

  /** Share of a round's processor time below which the compilers are at rest. */
  private static final double COMPILERS_AT_REST = 0.03;

  /** Parts of threads' names. */
  private static final String COMPILERS = "Compile";

  private static final String ENCODER = "encoder lane";

  @Mixin private final BenchFiles files = new BenchFiles();

  @Option(names = "--runs", paramLabel = "N", description = "(default: ${DEFAULT-VALUE})")
  private int runs = 3;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Messages through the language model in each run (default: ${DEFAULT-VALUE}).")
  private int batch = 48;

  @Option(
      names = "--cheap",
      paramLabel = "N",
      description = "Messages by neighbours alone in each run (default: ${DEFAULT-VALUE}).")
  private int cheap = 1000;

  @Option(
      names = "--single",
      paramLabel = "N",
      description = "Messages one by one, for latency (default: ${DEFAULT-VALUE}).")
  private int single = 100;

  @Option(
      names = "--swap",
      description = "Measure instead what messages notice of releases that change under load.")
  private boolean swap;

  @Option(
      names = "--rate",
      paramLabel = "N",
      description = "Messages a second under --swap (default: ${DEFAULT-VALUE}).")
  private int rate = 50;

  @Option(
      names = "--stretch",
      paramLabel = "N",
      description = "Messages of each stretch under --swap (default: ${DEFAULT-VALUE}).")
  private int stretch = 500;

  BenchStreamCommand(Console console) {
    super(console);
  }

  @Override
  int run() throws IOException {
    if (runs < 1 || batch < 1 || cheap < 1 || single < 1 || rate < 1 || stretch < 1) {
      throw new BadInputException("the numbers must be at least 1");
    }
    Settings settings = Settings.load(Map.of(), null, System.getenv());
    List<Example> examples = files.examples(console);
    if (examples.isEmpty()) {
      throw new BadInputException("there are no examples");
    }
    Figures figures = new Figures();
    if (swap) {
      swap(examples, figures);
      figures.print(console, json);
      return DONE;
    }
    try (Steps steps = new Steps(console);
        Encoders encoders = new Encoders();
        TorchLanguageModel model =
            TorchLanguageModel.load(
                TaskYaml.DEFAULT_MODEL,
                ModelStore.ofUser().fetch(TaskYaml.DEFAULT_MODEL, steps::download),
                Precision.ofLabel(settings.dtype()),
                settings.device());
        BenchStream stream = new BenchStream(console)) {
      steps.at("starting the stream", 0, -1);
      stream.start();
      begin(stream, examples, Rung.NEIGHBOURS, steps);
      neighbours(stream, encoders, figures, steps);
      steps.at("changing to the language model", 0, -1);
      begin(stream, List.of(examples.get(examples.size() - 1)), Rung.FEW_SHOT, steps);
      fewShot(stream, encoders, model, examples, figures, steps);
    }
    figures.print(console, json);
    return DONE;
  }

  private void swap(List<Example> examples, Figures figures) throws IOException {
    try (Steps steps = new Steps(console);
        Encoders encoders = new Encoders();
        BenchStream stream = new BenchStream(console)) {
      steps.at("starting the stream", 0, -1);
      stream.start();
      new BenchSwap(stream, encoders, figures, rate)
          .measure(examples, files.messages(console, stretch), runs, steps);
    }
  }

  private static void begin(BenchStream stream, List<Example> examples, Rung rung, Steps steps) {
    stream.apply(BenchFiles.yaml(rung.label()), BenchFiles.TASK);
    stream.add(examples);
    stream.awaitExamples((int) examples.stream().map(Examples::key).distinct().count(), steps);
    stream.awaitAnswer(BenchFiles.TASK, examples.get(examples.size() - 1), rung.label());
    stream.awaitRest(steps);
  }

  private void neighbours(BenchStream stream, Encoders encoders, Figures figures, Steps steps) {
    List<String> texts = files.messages(console, cheap);
    warmUp(stream, encoders, texts, figures, steps);
    double before = stream.stream().residentMib();
    for (int run = 0; run < runs; run++) {
      steps.at("neighbours alone", run, runs);
      double encoding = encode(encoders, texts);
      double start = stream.stream().coreSeconds();
      double compiled = stream.stream().coreSeconds(COMPILERS);
      double lanes = stream.stream().coreSeconds(ENCODER);
      long begin = System.nanoTime();
      stream.answers(BenchFiles.TASK, texts);
      double seconds = (System.nanoTime() - begin) / 1e9;
      double total = stream.stream().coreSeconds() - start;
      lanes = stream.stream().coreSeconds(ENCODER) - lanes;
      compiled = stream.stream().coreSeconds(COMPILERS) - compiled;
      encoding = (encoding + encode(encoders, texts)) / 2;
      double overhead = 1e3 * (total - encoding) / texts.size();
      figures.add("stream.overhead_core_ms", overhead, "core-ms a message", 0.8);
      figures.add(
          "stream.compilers_core_ms", 1e3 * compiled / texts.size(), "core-ms of the overhead");
      figures.add(
          "stream.other_threads_core_ms",
          1e3 * (total - lanes) / texts.size(),
          "core-ms of all but the encoder's threads");
      figures.add("stream.total_core_ms", 1e3 * total / texts.size(), "core-ms a message");
      figures.add("stream.encoding_core_ms", 1e3 * encoding / texts.size(), "core-ms a message");
      figures.add("stream.neighbours_messages_per_s", texts.size() / seconds, "messages/s");
    }
    figures.add("stream.resident_growth_mib", stream.stream().residentMib() - before, "MiB");
    latency(stream, texts, figures, steps);
  }

  /**
   * A stream runs for days, its compilers for minutes: rounds pass until they take a small share of
   * the processor time. What they still take counts as overhead all the same.
   */
  private void warmUp(
      BenchStream stream, Encoders encoders, List<String> texts, Figures figures, Steps steps) {
    int rounds = 0;
    double share = 1;
    while (rounds < MAX_WARM_UP && !(share < COMPILERS_AT_REST)) {
      steps.at("warming up", rounds, MAX_WARM_UP);
      double total = stream.stream().coreSeconds();
      double compiled = stream.stream().coreSeconds(COMPILERS);
      stream.answers(BenchFiles.TASK, texts);
      share =
          (stream.stream().coreSeconds(COMPILERS) - compiled)
              / (stream.stream().coreSeconds() - total);
      rounds++;
    }
    encode(encoders, texts);
    figures.add("stream.warm_up_messages", (double) rounds * texts.size(), "messages");
  }

  private void latency(BenchStream stream, List<String> texts, Figures figures, Steps steps) {
    double[] millis = new double[single];
    for (int i = 0; i < single; i++) {
      steps.at("one by one", i, single);
      long start = System.nanoTime();
      stream.answers(BenchFiles.TASK, List.of(texts.get(i % texts.size())));
      millis[i] = (System.nanoTime() - start) / 1e6;
    }
    java.util.Arrays.sort(millis);
    figures.add("stream.latency_p50_ms", millis[single / 2], "ms", 100);
    figures.add("stream.latency_p99_ms", millis[(int) (0.99 * (single - 1))], "ms", 250);
  }

  private void fewShot(
      BenchStream stream,
      Encoders encoders,
      TorchLanguageModel model,
      List<Example> examples,
      Figures figures,
      Steps steps) {
    List<String> texts = files.messages(console, batch);
    List<Scoring> requests = RecordedRequests.of(encoders, model, examples, texts);
    EngineBench engine = new EngineBench(model);
    steps.at("warming up", 0, -1);
    stream.answers(BenchFiles.TASK, texts);
    alone(engine, encoders, texts, requests);
    for (int run = 0; run < runs; run++) {
      steps.at("with the language model", run, runs);
      double before = alone(engine, encoders, texts, requests);
      long start = System.nanoTime();
      stream.answers(BenchFiles.TASK, texts);
      double seconds = (System.nanoTime() - start) / 1e9;
      double after = alone(engine, encoders, texts, requests);
      figures.add("stream.engine_ratio", (before + after) / 2 / seconds, "of the engine", 0.95);
      figures.add("stream.few_shot_messages_per_s", texts.size() / seconds, "messages/s");
    }
    figures.add("stream.resident_mib", stream.stream().residentMib(), "MiB", 1536);
  }

  /** Seconds that encoder and language model take for the same, called directly. */
  private static double alone(
      EngineBench engine, Encoders encoders, List<String> texts, List<Scoring> requests) {
    long start = System.nanoTime();
    encode(encoders, texts);
    engine.scoring(requests);
    return (System.nanoTime() - start) / 1e9;
  }

  /** Processor seconds of this process for encoding the texts, in batches like the stream's. */
  private static double encode(Encoders encoders, List<String> texts) {
    double start = EngineBench.coreSeconds();
    for (int from = 0; from < texts.size(); from += ENCODED_AT_ONCE) {
      encoders
          .of(Language.EN)
          .encode(texts.subList(from, Math.min(from + ENCODED_AT_ONCE, texts.size())));
    }
    return EngineBench.coreSeconds() - start;
  }
}
