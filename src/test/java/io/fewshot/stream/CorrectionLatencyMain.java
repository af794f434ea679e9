package io.fewshot.stream;

import io.fewshot.ops.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures how long a correction takes from before it is published until the memory that answers
 * has it. Arguments: how many, and {@code busy} to have few-shot batches running all the while
 * (needs the language model). Not a test: it prints.
 */
public final class CorrectionLatencyMain {

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
    AtomicBoolean over = new AtomicBoolean();
    try (RunningStream stream = new RunningStream(folder, Map.of(Settings.RUNGS, rungs))) {
      stream.awaitReady(Duration.ofMinutes(3));
      stream.define("learn", TASK.formatted("learn", "neighbours"));
      stream.define("load", TASK.formatted("load", "few-shot"));
      Thread load = new Thread(() -> load(stream, over));
      if (busy) {
        load.start();
        Thread.sleep(8000);
      }
      correct(stream, 10, "warm");
      report(busy ? "busy" : "idle", correct(stream, count, "real"));
      over.set(true);
      load.join();
      System.out.println("answered meanwhile: " + stream.read("fewshot.results").size());
    } finally {
      System.exit(0);
    }
  }

  private static List<Long> correct(RunningStream stream, int count, String name)
      throws InterruptedException {
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = name + i;
      long start = System.nanoTime();
      stream.correct(id, "a", "learn", "my money of day " + i + " is missing, what now?");
      while (stream.service.memory().task("learn").get("query:" + id).isEmpty()) {
        Thread.sleep(1);
      }
      millis.add((System.nanoTime() - start) / 1_000_000);
      Thread.sleep(37 + (i * 13) % 60);
    }
    return millis;
  }

  /** Keeps some dozens of messages waiting, so that batches are full. */
  private static void load(RunningStream stream, AtomicBoolean over) {
    AtomicInteger sent = new AtomicInteger();
    while (!over.get()) {
      if (sent.get() - stream.read("fewshot.results").size() < 64) {
        for (int i = 0; i < 16; i++) {
          int number = sent.incrementAndGet();
          stream.ask("load" + number, "load", "message " + number + " says that something hangs");
        }
      }
      try {
        Thread.sleep(200);
      } catch (InterruptedException e) {
        return;
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
