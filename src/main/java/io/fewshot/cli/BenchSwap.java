package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.event.Method;
import io.fewshot.event.Result;
import io.fewshot.ladder.LinearHead;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.Rung;
import io.fewshot.training.Connection;
import io.fewshot.training.HeadReleases;
import io.fewshot.training.HeadTrainer;
import io.fewshot.training.ReleaseBook;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Measures what messages notice of releases that change under load. Each run has three stretches of
 * the same load: the first says what is usual, the second how often that is exceeded without cause,
 * in the third releases change, by a new one and by going back.
 */
final class BenchSwap {

  private static final String FIRST = "bench-1";
  private static final String SECOND = "bench-2";

  /** Delayed is what takes longer than the usual 99th percentile so many times. */
  private static final double DELAYED = 2;

  private static final int ENCODED_AT_ONCE = 64;

  private final BenchStream stream;
  private final Encoders encoders;
  private final Figures figures;
  private final double perSecond;

  /**
   * @param perSecond messages a second
   */
  BenchSwap(BenchStream stream, Encoders encoders, Figures figures, double perSecond) {
    this.stream = stream;
    this.encoders = encoders;
    this.figures = figures;
    this.perSecond = perSecond;
  }

  void measure(List<Example> examples, List<String> texts, int runs, Steps steps) {
    steps.at("fitting a head", 0, -1);
    Connection connection = stream.connection();
    LinearHead head = fit(examples);
    stream.apply(BenchFiles.yaml(Rung.HEAD.label()), BenchFiles.TASK);
    stream.add(examples);
    HeadReleases.publish(connection, BenchFiles.TASK, head.as(FIRST), "bench");
    stream.awaitAnswer(BenchFiles.TASK, examples.get(examples.size() - 1), Rung.HEAD.label());
    steps.at("warming up", 0, -1);
    stream.answers(BenchFiles.TASK, texts);
    stretch(texts, List.of());
    for (int run = 0; run < runs; run++) {
      steps.at("under load", run, runs);
      BenchLoad.Seen usual = stretch(texts, List.of());
      double limit = DELAYED * percentile(usual.millis(), 0.99);
      BenchLoad.Seen same = stretch(texts, List.of());
      Runnable release =
          () -> HeadReleases.publish(connection, BenchFiles.TASK, head.as(SECOND), "bench");
      Runnable back =
          () ->
              ReleaseBook.read(connection)
                  .rollBack(new ReleaseBook.Slot(BenchFiles.TASK, Method.HEAD), FIRST, "bench");
      BenchLoad.Seen swapped = stretch(texts, List.of(release, back));
      report(usual, same, swapped, limit);
    }
  }

  private void report(
      BenchLoad.Seen usual, BenchLoad.Seen same, BenchLoad.Seen swapped, double limit) {
    figures.add("swap.usual_p50_ms", percentile(usual.millis(), 0.5), "ms");
    figures.add("swap.usual_p99_ms", percentile(usual.millis(), 0.99), "ms");
    figures.add("swap.p50_ms", percentile(swapped.millis(), 0.5), "ms");
    figures.add("swap.p99_ms", percentile(swapped.millis(), 0.99), "ms");
    figures.add("swap.max_ms", percentile(swapped.millis(), 1), "ms");
    figures.add("swap.delayed", over(swapped, limit), "messages over twice the usual p99", 0);
    figures.add("swap.delayed_without", over(same, limit), "messages, when nothing changes");
    figures.add("swap.lost", swapped.lost(), "messages", 0);
    figures.add("swap.doubled", swapped.doubled(), "messages", 0);
    figures.add("swap.half_loaded", other(swapped), "messages by neither release", 0);
    figures.add("swap.by_second", by(swapped, SECOND), "messages by the second release");
  }

  private BenchLoad.Seen stretch(List<String> texts, List<Runnable> events) {
    return stream.load(BenchFiles.TASK, texts, perSecond, events);
  }

  private LinearHead fit(List<Example> examples) {
    List<Embedding> embeddings = new ArrayList<>();
    for (int from = 0; from < examples.size(); from += ENCODED_AT_ONCE) {
      List<Example> some =
          examples.subList(from, Math.min(from + ENCODED_AT_ONCE, examples.size()));
      embeddings.addAll(
          encoders.encode(Language.EN, some.stream().map(Example::getInput).toList()));
    }
    List<HeadTrainer.Row> rows = new ArrayList<>();
    for (int i = 0; i < examples.size(); i++) {
      Example example = examples.get(i);
      rows.add(
          new HeadTrainer.Row(example.getInput(), example.getOutput(), embeddings.get(i).vector()));
    }
    String encoder = embeddings.get(0).encoder();
    return HeadTrainer.train(rows, encoder, FIRST, share -> {}).head();
  }

  private static double percentile(double[] sorted, double share) {
    return sorted.length == 0 ? Double.NaN : sorted[(int) (share * (sorted.length - 1))];
  }

  private static double over(BenchLoad.Seen seen, double limit) {
    return Arrays.stream(seen.millis()).filter(millis -> millis > limit).count();
  }

  private static double by(BenchLoad.Seen seen, String version) {
    return seen.results().stream().filter(result -> isBy(result, version)).count();
  }

  private static double other(BenchLoad.Seen seen) {
    return seen.results().size() - by(seen, FIRST) - by(seen, SECOND);
  }

  private static boolean isBy(Result result, String version) {
    return result.getRung().equals(Rung.HEAD.label())
        && result.getModelVersion().endsWith("+head-" + version);
  }
}
