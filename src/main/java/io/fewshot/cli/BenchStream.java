package io.fewshot.cli;

import io.fewshot.cli.DemoWatch.Outcome;
import io.fewshot.embedded.Embedded;
import io.fewshot.event.Example;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.Topics;
import io.fewshot.ops.Settings;
import io.fewshot.training.Connection;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Broker and registry in this process and {@code stream} in one of its own, so that what the stream
 * costs can be told from what the broker costs. Owns all of them until it is closed.
 */
final class BenchStream implements AutoCloseable {

  /** Share of a core below which nothing goes on but looking for messages. */
  private static final double AT_REST = 0.2;

  private static final long GIVE_UP_NANOS = Duration.ofMinutes(5).toNanos();

  private final Console console;
  private final TemporaryDirectory directory = TemporaryDirectory.create();
  private final Embedded embedded;
  private final Cluster cluster;
  private final DemoWatch watch;
  private final Sender<Query> sender;
  private @Nullable StreamProcess stream;

  BenchStream(Console console) {
    this.console = console;
    this.embedded = Embedded.startTemporary();
    Map<String, String> here = new HashMap<>(embedded.properties());
    here.put(Settings.STATE_DIR, directory.path().toString());
    this.cluster = new Cluster(Settings.load(Map.of(), null, System.getenv()).with(here));
    cluster.topicAdmin().create(cluster.topics(), 1);
    this.watch = new DemoWatch(console, cluster);
    this.sender = new Sender<>(cluster, cluster.topics().queries(), Query.class, id -> {});
  }

  /** Starts the stream and waits until it is ready. */
  void start() throws IOException {
    stream =
        StreamProcess.start(directory.path(), embedded.bootstrapServers(), embedded.registryUrl());
  }

  void apply(String yaml, String task) {
    try (Sender<TaskDefinition> tasks =
        new Sender<>(cluster, cluster.topics().tasks(), TaskDefinition.class, id -> {})) {
      TaskDefinition definition =
          TaskDefinition.newBuilder()
              .setTask(task)
              .setDefinition(yaml)
              .setCreatedAt(Instant.now())
              .build();
      tasks.send(task, task, definition);
      tasks.flush();
    }
  }

  void add(List<Example> examples) {
    try (Sender<Example> adding =
        new Sender<>(cluster, cluster.topics().examples(), Example.class, id -> {})) {
      examples.forEach(e -> adding.send(e.getExampleId(), Examples.key(e), e));
      adding.flush();
    }
  }

  /**
   * Waits until so many examples have their vectors and splits and are in the index that answers.
   */
  void awaitExamples(int count, Steps steps) {
    long end = System.nanoTime() + GIVE_UP_NANOS;
    long known = stream().examples();
    while (known < count) {
      if (System.nanoTime() > end) {
        throw new FailedException(
            "the stream has %d of %d examples, and no more for five minutes"
                .formatted(known, count));
      }
      steps.at("examples in the stream's memory", known, count);
      StoppedException.pause(200);
      long before = known;
      known = stream().examples();
      if (known > before) {
        end = System.nanoTime() + GIVE_UP_NANOS;
      }
    }
  }

  /** Waits until what came before (calibration, compaction) gives nothing more to do. */
  void awaitRest(Steps steps) {
    long end = System.nanoTime() + GIVE_UP_NANOS;
    double share = 1;
    while (share > AT_REST && System.nanoTime() < end) {
      steps.at("waiting until the stream rests", 0, -1);
      double before = stream().coreSeconds();
      long start = System.nanoTime();
      StoppedException.pause(1000);
      share = (stream().coreSeconds() - before) * 1e9 / (System.nanoTime() - start);
    }
    if (share > AT_REST) {
      throw new FailedException("the stream does not come to rest within five minutes");
    }
  }

  /** Waits until an example is in the stream's memory and the rung answers. */
  void awaitAnswer(String task, Example example, String rung) {
    long end = System.nanoTime() + GIVE_UP_NANOS;
    while (System.nanoTime() < end) {
      Result result = answers(task, List.of(example.getInput())).get(0);
      if (result.getRung().equals(rung)
          && result.getExampleIds().contains(example.getExampleId())) {
        return;
      }
    }
    throw new FailedException("the stream does not answer by " + rung + " after five minutes");
  }

  /** A message that is answered and leaves nothing behind. */
  static Query dryRun(String id, String task, String text) {
    return Query.newBuilder()
        .setQueryId(id)
        .setTask(task)
        .setText(text)
        .setAttributes(Map.of(Topics.DRY_RUN, "true"))
        .setCreatedAt(Instant.now())
        .build();
  }

  /** Publishes the texts and waits for all results, in the order in which they come. */
  List<Result> answers(String task, List<String> texts) {
    Set<String> open = new HashSet<>();
    for (String text : texts) {
      String id = UUID.randomUUID().toString();
      open.add(id);
      sender.send(id, id, dryRun(id, task, text));
    }
    sender.flush();
    List<Result> results = new ArrayList<>();
    long end = System.nanoTime() + GIVE_UP_NANOS;
    while (!open.isEmpty()) {
      int missing = open.size();
      watch.poll(
          outcome -> {
            if (outcome instanceof Outcome.Answered answered
                && open.remove(answered.result().getQueryId())) {
              results.add(answered.result());
            } else if (outcome instanceof Outcome.Refused refused) {
              throw new FailedException("a message was refused: " + refused.why());
            }
          });
      if (open.size() < missing) {
        end = System.nanoTime() + GIVE_UP_NANOS;
      }
      if (System.nanoTime() > end || !stream().isAlive()) {
        throw new FailedException("the stream no longer answers: " + open.size() + " are missing");
      }
    }
    return results;
  }

  /** Publishes the texts at a steady rate; see {@link BenchLoad}. */
  BenchLoad.Seen load(String task, List<String> texts, double perSecond, List<Runnable> events) {
    return new BenchLoad(watch, sender).run(task, texts, perSecond, events);
  }

  /** To its broker and registry. */
  Connection connection() {
    return new Connection(cluster.settings(), cluster.topics(), cluster.codecs());
  }

  /** The process that is measured. */
  StreamProcess stream() {
    StreamProcess running = stream;
    if (running == null) {
      throw new IllegalStateException("the stream was not started");
    }
    return running;
  }

  @Override
  public void close() {
    StreamProcess running = stream;
    if (running != null) {
      running.close();
    }
    sender.close();
    watch.close();
    cluster.close();
    embedded.close();
    directory.close();
  }
}
