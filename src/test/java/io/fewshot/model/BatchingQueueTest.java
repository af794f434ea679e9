package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fewshot.model.BatchingQueue.Lane;
import io.fewshot.model.BatchingQueue.Listener;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatchingQueueTest {

  private final ExecutorService callers = Executors.newCachedThreadPool();
  private final List<List<Integer>> batches = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void stop() {
    gate.countDown();
    callers.shutdownNow();
  }

  /** Doubles; a batch with 0 waits at the gate, a negative number fails. */
  private List<Integer> compute(List<Integer> batch) {
    batches.add(batch);
    if (batch.contains(0)) {
      try {
        gate.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    if (batch.stream().anyMatch(i -> i < 0)) {
      throw new IllegalArgumentException("negative");
    }
    return batch.stream().map(i -> 2 * i).toList();
  }

  private BatchingQueue<Integer, Integer> queue(int capacity, int maxBatch) {
    return new BatchingQueue<>("test", this::compute, i -> 1, capacity, maxBatch, Listener.NONE);
  }

  private CompletableFuture<List<Integer>> call(
      BatchingQueue<Integer, Integer> queue, Lane lane, Integer... requests) {
    return CompletableFuture.supplyAsync(() -> queue.call(List.of(requests), lane), callers);
  }

  /** Makes the worker busy until the gate opens. */
  private CompletableFuture<List<Integer>> block(BatchingQueue<Integer, Integer> queue) {
    CompletableFuture<List<Integer>> blocker = call(queue, Lane.NORMAL, 0);
    await().until(() -> batches.size() == 1);
    return blocker;
  }

  @Test
  void whatWaitsIsJoinedAndEachGetsItsOwn() {
    try (BatchingQueue<Integer, Integer> queue = queue(100, 100)) {
      block(queue);
      CompletableFuture<List<Integer>> one = call(queue, Lane.NORMAL, 1, 2);
      CompletableFuture<List<Integer>> other = call(queue, Lane.NORMAL, 3);
      await().until(() -> queue.waiting() == 3);

      gate.countDown();

      assertThat(one.join()).containsExactly(2, 4);
      assertThat(other.join()).containsExactly(6);
      assertThat(batches).hasSize(2);
    }
  }

  @Test
  void urgentRequestsGoAhead() {
    try (BatchingQueue<Integer, Integer> queue = queue(100, 1)) {
      block(queue);
      CompletableFuture<List<Integer>> normal = call(queue, Lane.NORMAL, 1);
      await().until(() -> queue.waiting() == 1);
      CompletableFuture<List<Integer>> urgent = call(queue, Lane.URGENT, 2);
      await().until(() -> queue.waiting() == 2);

      gate.countDown();
      CompletableFuture.allOf(normal, urgent).join();

      assertThat(batches).containsExactly(List.of(0), List.of(2), List.of(1));
    }
  }

  @Test
  void aBadRequestCostsOnlyItsOwnCaller() {
    try (BatchingQueue<Integer, Integer> queue = queue(100, 100)) {
      block(queue);
      CompletableFuture<List<Integer>> good = call(queue, Lane.NORMAL, 1);
      CompletableFuture<List<Integer>> bad = call(queue, Lane.NORMAL, -1);
      await().until(() -> queue.waiting() == 2);

      gate.countDown();

      assertThat(good.join()).containsExactly(2);
      assertThatThrownBy(bad::join).hasRootCauseInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void whoComesToAFullQueueWaits() {
    try (BatchingQueue<Integer, Integer> queue = queue(2, 2)) {
      block(queue);
      CompletableFuture<List<Integer>> first = call(queue, Lane.NORMAL, 1, 2);
      await().until(() -> queue.waiting() == 2);
      CompletableFuture<List<Integer>> second = call(queue, Lane.NORMAL, 3);
      await()
          .during(java.time.Duration.ofMillis(100))
          .until(() -> queue.waiting() == 2 && !second.isDone());

      gate.countDown();

      assertThat(first.join()).containsExactly(2, 4);
      assertThat(second.join()).containsExactly(6);
    }
  }

  @Test
  void closingEndsTheBatchInProgressAndFailsWhatWaits() {
    BatchingQueue<Integer, Integer> queue = queue(100, 100);
    CompletableFuture<List<Integer>> inProgress = block(queue);
    CompletableFuture<List<Integer>> waiting = call(queue, Lane.NORMAL, 1);
    await().until(() -> queue.waiting() == 1);

    CompletableFuture<Void> closing = CompletableFuture.runAsync(queue::close, callers);
    assertThatThrownBy(waiting::join).hasMessageContaining("test is closed");
    gate.countDown();
    closing.join();

    assertThat(inProgress.join()).containsExactly(0);
    assertThatThrownBy(() -> queue.call(List.of(1), Lane.URGENT))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void aListenerThatFailsCostsNoCallAndNotTheWorker() {
    // Given
    Listener failing =
        (requests, waiting, waited, computed) -> {
          throw new IllegalStateException("made up by the test");
        };
    try (BatchingQueue<Integer, Integer> queue =
        new BatchingQueue<>("test", this::compute, i -> 1, 10, 10, failing)) {
      // When, Then
      assertThat(queue.call(List.of(1), Lane.NORMAL)).containsExactly(2);
      assertThat(call(queue, Lane.NORMAL, 2).orTimeout(10, TimeUnit.SECONDS).join())
          .containsExactly(4);
      assertThat(batches).as("each computed once").containsExactly(List.of(1), List.of(2));
    }
  }
}
