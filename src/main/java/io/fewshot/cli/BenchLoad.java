package io.fewshot.cli;

import io.fewshot.cli.DemoWatch.Outcome;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** Messages at a steady rate, and how long each takes from being sent to its committed result. */
final class BenchLoad {

  private static final long PATIENCE_NANOS = Duration.ofSeconds(30).toNanos();

  /** Time for a second result of the same message to show. */
  private static final long AFTERWARDS_NANOS = Duration.ofMillis(500).toNanos();

  private final DemoWatch watch;
  private final Sender<Query> sender;
  private final Map<String, Long> open = new ConcurrentHashMap<>();
  private final Map<String, Boolean> sent = new ConcurrentHashMap<>();
  private final List<Result> results = new ArrayList<>();
  private final List<Double> millis = new ArrayList<>();
  private int doubled;

  /**
   * What came of it.
   *
   * @param millis of each message, sorted
   * @param results in the order in which they came
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Seen(double[] millis, List<Result> results, int lost, int doubled) {}

  /**
   * @param sender used by one thread of its own meanwhile
   */
  BenchLoad(DemoWatch watch, Sender<Query> sender) {
    this.watch = watch;
    this.sender = sender;
  }

  /**
   * Sends the texts and waits for what comes of them.
   *
   * @param events done one after the other, spread over the time, beside the sending
   */
  Seen run(String task, List<String> texts, double perSecond, List<Runnable> events) {
    long start = System.nanoTime();
    CompletableFuture<Void> sending =
        CompletableFuture.runAsync(() -> send(task, texts, start, perSecond));
    CompletableFuture<Void> happening =
        CompletableFuture.runAsync(
            () -> {
              for (int i = 0; i < events.size(); i++) {
                double share = (i + 1) / (events.size() + 1.0);
                waitUntil(start + (long) (share * texts.size() / perSecond * 1e9));
                events.get(i).run();
              }
            });
    while (!sending.isDone() || !happening.isDone()) {
      watch.poll(this::take);
    }
    sending.join();
    happening.join();
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (!open.isEmpty() && System.nanoTime() < end) {
      watch.poll(this::take);
    }
    long last = System.nanoTime() + AFTERWARDS_NANOS;
    while (System.nanoTime() < last) {
      watch.poll(this::take);
    }
    return new Seen(
        millis.stream().mapToDouble(each -> each).sorted().toArray(),
        List.copyOf(results),
        open.size(),
        doubled);
  }

  private void send(String task, List<String> texts, long start, double perSecond) {
    for (int i = 0; i < texts.size(); i++) {
      waitUntil(start + (long) (i / perSecond * 1e9));
      String id = UUID.randomUUID().toString();
      sent.put(id, true);
      open.put(id, System.nanoTime());
      sender.send(id, id, BenchStream.dryRun(id, task, texts.get(i)));
    }
    sender.flush();
  }

  private static void waitUntil(long time) {
    for (long left = time - System.nanoTime(); left > 0; left = time - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  private void take(Outcome outcome) {
    if (outcome instanceof Outcome.Answered answered) {
      Result result = answered.result();
      Long since = open.remove(result.getQueryId());
      if (since != null) {
        millis.add((System.nanoTime() - since) / 1e6);
        results.add(result);
      } else if (sent.containsKey(result.getQueryId())) {
        doubled++;
      }
    } else if (outcome instanceof Outcome.Refused refused) {
      throw new FailedException("a message was refused: " + refused.why());
    }
  }
}
