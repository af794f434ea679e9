package io.fewshot.stream;

import io.fewshot.event.Example;
import io.fewshot.ops.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/**
 * Measures how long a correction takes from before it is published until the memory that answers
 * has it. Arguments: how many, and {@code busy} to have few-shot batches running all the while
 * (needs the language model), or {@code import} to have 10,000 examples being encoded. Not a test:
 * it prints.
 */
public final class CorrectionLatencyMain {

  private static final int IMPORTED = 10_000;
  private static final int WAITING = 64;
  private static final Duration EVERY = Duration.ofMillis(167);

  private static final String TASK =
      """
      task: %s
      instruction: Name the intent.
      language: en
      rungs: [%s]
      labels: {a: Money is missing., b: A card is lost., c: A transfer hangs., d: Something else.}
      audit: 0
      """;

  private CorrectionLatencyMain() {}

  public static void main(String[] arguments) throws Exception {
    int count = Integer.parseInt(arguments[0]);
    boolean busy = arguments.length > 1 && arguments[1].equals("busy");
    Path folder = Files.createTempDirectory("latency");
    String rungs = busy ? "neighbours,few-shot" : "neighbours";
    ScheduledExecutorService load = Executors.newSingleThreadScheduledExecutor();
    try (RunningStream stream = new RunningStream(folder, Map.of(Settings.RUNGS, rungs))) {
      stream.awaitReady(Duration.ofMinutes(3));
      stream.define("learn", TASK.formatted("learn", "neighbours"));
      stream.define("load", TASK.formatted("load", "few-shot"));
      if (busy) {
        AtomicInteger sent = new AtomicInteger();
        load.scheduleWithFixedDelay(() -> load(stream, sent), 0, 200, TimeUnit.MILLISECONDS);
        waiting().until(() -> stream.read("fewshot.results").size() >= 2 * WAITING);
      }
      correct(stream, 10, "warm");
      long start = System.nanoTime();
      boolean imports = arguments.length > 1 && arguments[1].equals("import");
      if (imports) {
        importExamples(stream);
      }
      report(busy ? "busy" : "idle", correct(stream, count, "real"));
      System.out.println("imported by then: " + stream.service.memory().task("load").size());
      if (imports) {
        waiting().until(() -> stream.service.memory().task("load").size() >= IMPORTED);
      }
      System.out.printf("import took %.1f s%n", (System.nanoTime() - start) / 1e9);
      load.shutdown();
      System.out.println("answered meanwhile: " + stream.read("fewshot.results").size());
    } finally {
      System.exit(0);
    }
  }

  private static void importExamples(RunningStream stream) {
    Random random = new Random(1);
    String[] words =
        "card money transfer top up wait fee why lost pin app bank cash rate".split(" ");
    for (int i = 0; i < IMPORTED; i++) {
      StringBuilder text = new StringBuilder("number " + i);
      for (int w = 0; w < 9; w++) {
        text.append(' ').append(words[random.nextInt(words.length)]);
      }
      stream.sendLater(
          stream.topics.examples().name(),
          "load/e" + i,
          Example.newBuilder()
              .setTask("load")
              .setExampleId("e" + i)
              .setInput(text.toString())
              .setOutput("a")
              .setSource("import")
              .setLabeler("")
              .build());
    }
  }

  /**
   * One correction after the other, each when it is due; its time counts from then, so that one
   * that takes long is not kinder to the next.
   */
  private static List<Long> correct(RunningStream stream, int count, String name) {
    List<Long> millis = new ArrayList<>();
    long due = System.nanoTime();
    for (int i = 0; i < count; i++) {
      // No multiple of a tick, so that corrections come at all times between two.
      due += EVERY.toNanos();
      long start = due;
      waiting().until(() -> System.nanoTime() >= start);
      String id = name + i;
      stream.correct(id, "a", "learn", "my money of day " + i + " is missing, what now?");
      waiting().until(() -> stream.service.memory().task("learn").get("query:" + id).isPresent());
      millis.add((System.nanoTime() - start) / 1_000_000);
    }
    return millis;
  }

  private static ConditionFactory waiting() {
    return Awaitility.await()
        .pollInSameThread()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .timeout(Duration.ofMinutes(4));
  }

  /** Keeps some dozens of messages waiting, so that batches are full. */
  private static void load(RunningStream stream, AtomicInteger sent) {
    if (sent.get() - stream.read("fewshot.results").size() < WAITING) {
      for (int i = 0; i < 16; i++) {
        int number = sent.incrementAndGet();
        stream.ask("load" + number, "load", "message " + number + " says that something hangs");
      }
    }
  }

  private static void report(String name, List<Long> millis) {
    Collections.sort(millis);
    System.out.printf(
        "%s: n %d p50 %d ms p90 %d ms p99 %d ms max %d ms%n",
        name,
        millis.size(),
        millis.get(millis.size() / 2),
        millis.get(millis.size() * 9 / 10),
        millis.get((int) (millis.size() * 0.99)),
        millis.get(millis.size() - 1));
  }
}
