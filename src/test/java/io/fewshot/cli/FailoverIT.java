package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.cli.StreamInstances.Answered;
import io.fewshot.cli.StreamInstances.Instance;
import io.fewshot.event.Result;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Three instances under a light load, twelve partitions: each is killed with -9 and started again,
 * each is stopped and started again, and the broker is killed. What is measured is the longest wait
 * of any query; what must hold on any machine is that each has one result, in order of its key.
 */
@Tag("slow")
class FailoverIT {

  private static final Logger LOG = LoggerFactory.getLogger(FailoverIT.class);

  /** Above the goals, which are for a machine that has nothing else to do: 10, 3 and 10 s. */
  private static final Duration WITHIN = Duration.ofSeconds(30);

  private final Queue<Answered> answered = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean open = new AtomicBoolean(true);

  @TempDir Path folder;

  @Test
  void nothingIsLostAndNobodyWaitsLong() throws Exception {
    try (StreamInstances lab = new StreamInstances(folder, 12)) {
      List<Instance> instances = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        instances.add(lab.launch());
      }
      instances.forEach(StreamInstances::awaitReady);
      CompletableFuture<Void> reading =
          CompletableFuture.runAsync(() -> lab.follow(answered::add, open::get));
      CompletableFuture<Integer> load =
          CompletableFuture.supplyAsync(() -> lab.publish(100_000, Duration.ofMillis(80)));
      settle();

      for (int i = 0; i < 3; i++) {
        instances.get(i).process().destroyForcibly().waitFor();
        instances.set(i, again(lab));
      }
      report(lab, "kill -9");
      for (int i = 0; i < 3; i++) {
        instances.get(i).process().destroy();
        instances.get(i).process().waitFor(30, TimeUnit.SECONDS);
        instances.set(i, again(lab));
      }
      report(lab, "SIGTERM");
      lab.killBroker();
      LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
      lab.startBroker();
      settle();
      report(lab, "broker killed");

      lab.endLoad();
      int count = load.get(1, TimeUnit.MINUTES);
      List<Result> results = lab.awaitResults(count);
      open.set(false);
      reading.get(1, TimeUnit.MINUTES);
      assertThat(results).extracting(Result::getQueryId).doesNotHaveDuplicates().hasSize(count);
      CrashIT.assertOrder(results);
      assertThat(lab.deadLetters()).isZero();
    }
  }

  private static Instance again(StreamInstances lab) throws Exception {
    Instance instance = lab.launch();
    StreamInstances.awaitReady(instance);
    settle();
    return instance;
  }

  /** Long enough for a rebalance to be over. */
  private static void settle() {
    LockSupport.parkNanos(Duration.ofSeconds(10).toNanos());
  }

  private void report(StreamInstances lab, String what) {
    long longest = 0;
    for (Answered each = answered.poll(); each != null; each = answered.poll()) {
      long asked = lab.askedAt(Integer.parseInt(each.result().getQueryId()));
      longest = Math.max(longest, each.at() - asked);
    }
    Duration wait = Duration.ofNanos(longest);
    LOG.info("{}: the longest wait was {} ms", what, wait.toMillis());
    assertThat(wait).as(what).isLessThan(WITHIN);
  }
}
