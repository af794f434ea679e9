package io.fewshot.cli;

import io.fewshot.event.Example;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What labels are worth: the whole loop with a file for a labeler. */
@picocli.CommandLine.Command(
    name = "simulate",
    description = "Shows what so many labels bring: the whole loop, with a file as the labeler.",
    footer = {
      "",
      "Example: ./fewshot simulate --task banking.yaml --messages train.csv --test test.csv"
          + " --budget 300 --out curve",
      "Broker, stream and trainer run in this process. Of the messages that the stream sends to",
      "people the most useful ones are answered from the file, as the labeling page orders them,",
      "and a head is trained now and then. In between, a sample of the test messages is asked as",
      "dry runs through the stream; nothing is learned from them."
    })
final class SimulateCommand extends Command {

  @Option(names = "--task", required = true, paramLabel = "FILE", description = "The definition.")
  private String taskPath = "";

  @Option(
      names = "--messages",
      required = true,
      paramLabel = "FILE",
      description = "What customers say: text and label.")
  private String messagesPath = "";

  @Option(
      names = "--test",
      required = true,
      paramLabel = "FILE",
      description = "What is measured on: text and label.")
  private String testPath = "";

  @Option(
      names = "--budget",
      required = true,
      paramLabel = "N",
      description = "How many labels may be spent.")
  private int budget;

  @Option(
      names = "--examples",
      paramLabel = "FILE",
      description = "What is known beforehand: text and label (default: nothing).")
  private @Nullable String examplesPath;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Of the messages' order and the test's sample (default: 0).")
  private long seed;

  @Option(
      names = "--sample",
      paramLabel = "N",
      description = "How many test messages are asked each time; 0 for all (default: 200).")
  private int sample = 200;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Writes accuracy over labels there: curve.csv and curve.svg.")
  private @Nullable Path out;

  SimulateCommand(Console console) {
    super(console);
  }

  @Override
  int run() {
    if (budget < 1) {
      throw new BadInputException("--budget must be at least 1, not " + budget);
    }
    if (sample < 0) {
      throw new BadInputException("--sample must be 0 for all or a number, not " + sample);
    }
    TaskFile task = TaskFile.read(taskPath);
    List<Row> messages = labeled(messagesPath);
    List<Row> all = labeled(testPath);
    List<Row> test = sample == 0 ? all : all.subList(0, Math.min(sample, all.size()));
    List<Example> examples =
        examplesPath == null ? List.of() : Examples.read(task.task(), examplesPath, console);
    makeDirectory();
    console.say(
        test.size() == all.size()
            ? "each time all %d test messages are asked".formatted(all.size())
            : "each time the same %d of %d test messages are asked, drawn with seed %d"
                .formatted(test.size(), all.size(), seed));
    List<CurvePoint> curve = new ArrayList<>();
    try (TemporaryDirectory directory = TemporaryDirectory.create();
        Steps steps = new Steps(console);
        Installation installation =
            Installation.start(
                console, Installation.Place.temporary(directory.path(), task, 0), steps)) {
      try (Exchange exchange = Exchange.open(console, installation, task, examples, steps)) {
        if (!json) {
          console.result("   seen  labels  test accuracy  accepted  right of those  head");
        }
        new Simulation(task.definition(), exchange, test, budget)
            .run(
                messages,
                point -> {
                  steps.close();
                  curve.add(point);
                  console.result(json ? point.json().toString() : point.line());
                },
                steps);
      } catch (KafkaException e) {
        throw installation.cluster().explain(e);
      }
    }
    write(task.task(), curve);
    return DONE;
  }

  /** In an order that the seed decides. Ids and keys do not matter here. */
  private List<Row> labeled(String path) {
    List<Row> rows = new ArrayList<>();
    for (Row row : InputFile.readAll(path, console)) {
      RowCheck.example(path, row);
      rows.add(new Row(row.line(), row.text(), row.label(), null, null, null));
    }
    Collections.shuffle(rows, new Random(seed));
    return rows;
  }

  private void makeDirectory() {
    if (out != null) {
      try {
        Files.createDirectories(out);
      } catch (IOException e) {
        throw new BadInputException("--out " + out + " cannot be made: name another directory");
      }
    }
  }

  private void write(String task, List<CurvePoint> curve) {
    if (out == null) {
      return;
    }
    try {
      Files.writeString(out.resolve("curve.csv"), CurvePicture.csv(curve));
      Files.writeString(out.resolve("curve.svg"), CurvePicture.svg(task, curve));
    } catch (IOException e) {
      throw new FailedException("cannot write to " + out + ": " + e.getMessage(), e);
    }
    console.say("wrote " + out.resolve("curve.svg") + " and curve.csv");
  }
}
