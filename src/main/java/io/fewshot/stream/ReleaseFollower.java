package io.fewshot.stream;

import io.fewshot.event.ActiveRelease;
import io.fewshot.event.Method;
import io.fewshot.event.ModelRelease;
import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.ladder.FineTuned;
import io.fewshot.ladder.HeadSource;
import io.fewshot.ladder.LinearHead;
import io.fewshot.ops.BackgroundThread;
import io.fewshot.ops.Health;
import io.fewshot.training.Artifact;
import io.fewshot.training.Artifacts;
import io.fewshot.training.Connection;
import io.fewshot.training.HeadFiles;
import io.fewshot.training.LoraFiles;
import io.fewshot.training.ReleaseBook;
import io.fewshot.training.ReleaseBook.Slot;
import io.fewshot.training.ReleaseException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the releases that should serve at hand on this instance. One thread of its own follows the
 * topics, fetches a release's files, checks, loads and warms it up; only then it is put in place of
 * the one before. The ladder asks once for each batch, so the swap falls between two batches. A
 * release that does not load leaves the one before serving, and says so.
 */
final class ReleaseFollower implements HeadSource, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReleaseFollower.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private final Connection connection;
  private final ReleaseBook book;
  private final Health health;
  private final Health.Component component;
  private final Counter swaps;
  private final Counter failures;
  private final MultiGauge serving;
  private final WarmUp warmUp;
  private final Map<String, LinearHead> heads = new ConcurrentHashMap<>();
  private final Map<String, FineTuned> fineTuned = new ConcurrentHashMap<>();
  private final ReleaseAttempts attempts = new ReleaseAttempts(System::nanoTime);
  private final BackgroundThread thread;

  /** Makes a release ready, before it serves. */
  interface WarmUp {

    void head(LinearHead head, String task);

    /**
     * @throws NotReadyException when the language model is not there yet
     */
    void fineTuned(FineTuned release, String task);
  }

  ReleaseFollower(Connection connection, Health health, MeterRegistry meters, WarmUp warmUp) {
    this.connection = connection;
    this.book = new ReleaseBook(connection);
    this.health = health;
    this.component = health.component("releases");
    this.component.starting("reading the releases");
    this.thread = new BackgroundThread("fewshot-releases", component, this::follow);
    this.swaps =
        Counter.builder("fewshot.release.swaps")
            .description("Releases that were put in place on this instance")
            .register(meters);
    this.failures =
        Counter.builder("fewshot.release.failures")
            .description("Attempts to load a release that failed")
            .register(meters);
    this.serving =
        MultiGauge.builder("fewshot.release.active")
            .description("1 for each release that serves on this instance")
            .register(meters);
    this.warmUp = warmUp;
  }

  /** Starts to follow; the topics must be there. */
  void start() {
    thread.start();
  }

  @Override
  public Optional<LinearHead> head(String task) {
    return Optional.ofNullable(heads.get(task));
  }

  @Override
  public Optional<FineTuned> fineTuned(String task) {
    return Optional.ofNullable(fineTuned.get(task));
  }

  private void follow(BackgroundThread self) {
    try (KafkaConsumer<String, byte[]> consumer = connection.consumer()) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic :
          List.of(connection.topics().releases().name(), connection.topics().active().name())) {
        consumer
            .partitionsFor(topic)
            .forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      boolean caughtUp = false;
      while (self.isOpen()) {
        consumer.poll(POLL).forEach(book::take);
        caughtUp =
            caughtUp
                || ends.entrySet().stream()
                    .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
        if (caughtUp) {
          book.active().forEach(this::serve);
          boolean gone = heads.keySet().removeIf(task -> !serves(task, Method.HEAD));
          if (fineTuned.keySet().removeIf(task -> !serves(task, Method.LORA)) || gone) {
            tellWhatServes();
          }
          component.ready();
        }
      }
    }
  }

  private boolean serves(String task, Method method) {
    return book.active().containsKey(new Slot(task, method));
  }

  private @Nullable String now(Slot slot) {
    LinearHead head = slot.method() == Method.HEAD ? heads.get(slot.task()) : null;
    FineTuned tuned = slot.method() == Method.LORA ? fineTuned.get(slot.task()) : null;
    return head != null ? head.version() : tuned != null ? tuned.version() : null;
  }

  private void serve(Slot slot, ActiveRelease wanted) {
    String version = wanted.getVersion();
    String now = now(slot);
    if (slot.method() == Method.AUTO) {
      return;
    }
    if (version.equals(now)) {
      // One that did not load may have been taken back.
      if (attempts.forget(slot)) {
        health.remove(name(slot));
      }
      return;
    }
    if (!attempts.isDue(slot, version)) {
      return;
    }
    try {
      load(slot, version);
      attempts.forget(slot);
      health.remove(name(slot));
      swaps.increment();
      tellWhatServes();
      LOG.info("Task {}: release {} serves ({})", slot.task(), version, wanted.getReason());
    } catch (InterruptException e) {
      throw e;
    } catch (NotReadyException e) {
      // Not the release's fault: it waits for the language model, and is tried again.
      attempts.waits(slot, version);
      health.watch(
          name(slot),
          () -> new Health.Status(Health.State.READY, version + " waits: " + e.getMessage()));
    } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
      int count = attempts.failed(slot, version);
      failures.increment();
      String old = now == null ? "it is answered without" : now + " goes on serving";
      String why =
          "release %s does not load, %s: %s; tried %d times, again in %d s"
              .formatted(
                  version,
                  old,
                  e.getMessage() == null ? e : e.getMessage(),
                  count,
                  attempts.pause(slot, version).toSeconds());
      // The instance does its work all the same.
      health.watch(name(slot), () -> new Health.Status(Health.State.READY, why));
      LOG.warn("Task {}: {}", slot.task(), why);
    }
  }

  private void tellWhatServes() {
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    heads.forEach((task, head) -> rows.add(row(task, Method.HEAD, head.version())));
    fineTuned.forEach((task, tuned) -> rows.add(row(task, Method.LORA, tuned.version())));
    serving.register(rows, true);
  }

  private static MultiGauge.Row<Number> row(String task, Method method, String version) {
    return MultiGauge.Row.of(Tags.of("task", task, "method", method.name(), "version", version), 1);
  }

  private static String name(Slot slot) {
    return "release " + slot.key();
  }

  /** Fetches, checks and warms up; only then is it put in place. */
  private void load(Slot slot, String version) {
    ModelRelease release =
        book.find(slot, version)
            .orElseThrow(() -> new ReleaseException("there is no such release"));
    Artifact artifact = new Artifacts(connection).fetch(release.getArtifact(), release.getSha256());
    if (slot.method() == Method.HEAD) {
      LinearHead head = HeadFiles.read(artifact, version);
      warmUp.head(head, slot.task());
      heads.put(slot.task(), head);
    } else {
      FineTuned tuned = LoraFiles.read(artifact, version);
      warmUp.fineTuned(tuned, slot.task());
      fineTuned.put(slot.task(), tuned);
    }
  }

  /** Tells it to end, without waiting for it. */
  void stop() {
    thread.stop();
  }

  @Override
  public void close() {
    thread.close();
  }
}
