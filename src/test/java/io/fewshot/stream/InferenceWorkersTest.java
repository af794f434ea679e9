package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InferenceWorkersTest {

  private final InferenceWorkers workers = new InferenceWorkers();
  private final CountDownLatch release = new CountDownLatch(1);

  @AfterEach
  void stop() {
    release.countDown();
    workers.close();
  }

  @Test
  void theSlowBatchesOfOneTaskLeaveRoomForAnothers() {
    AtomicInteger started = new AtomicInteger();
    CountDownLatch other = new CountDownLatch(1);
    for (int i = 0; i < 50; i++) {
      workers.execute("slow", () -> block(started));
    }
    await().until(() -> started.get() == 2);

    workers.execute("other", other::countDown);

    await().until(() -> other.getCount() == 0);
    assertThat(started.get()).isEqualTo(2);
  }

  @Test
  void workThatThrowsEndsNoThread() {
    AtomicInteger done = new AtomicInteger();
    for (int i = 0; i < 20; i++) {
      workers.execute(
          "bad",
          () -> {
            throw new UnsatisfiedLinkError("not there");
          });
    }
    workers.execute("good", done::incrementAndGet);

    await().until(() -> done.get() == 1);
  }

  private void block(AtomicInteger started) {
    started.incrementAndGet();
    try {
      release.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
