package io.fewshot.stream;

import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.ladder.ModelSource;
import io.fewshot.model.BatchingQueue;
import io.fewshot.model.LanguageModel;
import io.fewshot.model.LanguageModels;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.model.ProgressListener;
import io.fewshot.ops.Health;
import io.fewshot.ops.Settings;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The language models as the stream uses them: one that cannot be had is a state in the health of
 * the process and is tried again now and then, while the messages that need it wait.
 */
final class StreamModels implements ModelSource, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StreamModels.class);
  private static final long TRY_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final LanguageModels models;
  private final Health health;
  private final Map<String, Long> failedAt = new ConcurrentHashMap<>();

  /** Those that this process is to have before it is ready. */
  private final Set<String> preloaded = ConcurrentHashMap.newKeySet();

  private StreamModels(LanguageModels models, Health health) {
    this.models = models;
    this.health = health;
  }

  static StreamModels open(
      Settings settings, Health health, MeterRegistry meters, ProgressListener progress) {
    return new StreamModels(
        new LanguageModels(
            ModelStore.ofUser(),
            Precision.ofLabel(settings.dtype()),
            settings.device(),
            progress,
            meter(meters)),
        health);
  }

  private static BatchingQueue.Listener meter(MeterRegistry registry) {
    DistributionSummary size =
        DistributionSummary.builder("fewshot.inference.batch.size")
            .description("Requests that the language model computed in one go")
            .register(registry);
    Timer time =
        Timer.builder("fewshot.inference.time")
            .description("How long the language model computed for a batch")
            .register(registry);
    DistributionSummary waiting =
        DistributionSummary.builder("fewshot.inference.queue")
            .description("Requests that waited when a batch was done")
            .register(registry);
    Timer waits =
        Timer.builder("fewshot.inference.wait")
            .description("How long the request that waited longest had waited for its batch")
            .register(registry);
    return (requests, left, waited, computed) -> {
      size.record(requests);
      time.record(computed);
      waits.record(waited);
      waiting.record(left);
    };
  }

  /** Starts loading a model and shows how far it is. */
  void preload(String name) {
    preloaded.add(name);
    models.state(name);
    health.watch("model " + name, () -> status(name));
  }

  @Override
  public LanguageModel get(String name) {
    LanguageModels.State state = models.state(name);
    if (state instanceof LanguageModels.Ready ready) {
      return ready.model();
    }
    if (!preloaded.contains(name)) {
      health.watch("model " + name, () -> ofTasks(status(name)));
    }
    if (state instanceof LanguageModels.Failed failed) {
      tryAgain(name, failed.reason());
      throw new NotReadyException(failed.reason());
    }
    throw new NotReadyException("the model " + name + " is still loading", true);
  }

  private void tryAgain(String name, String reason) {
    long now = System.nanoTime();
    Long failed = failedAt.putIfAbsent(name, now);
    if (failed == null) {
      LOG.warn("{} Messages that need it wait; it is tried again every 30 seconds.", reason);
    } else if (now - failed > TRY_AGAIN_NANOS) {
      failedAt.remove(name);
      models.retry(name);
    }
  }

  private Health.Status status(String name) {
    LanguageModels.State state = models.state(name);
    if (state instanceof LanguageModels.Ready) {
      return Health.Status.READY;
    }
    return state instanceof LanguageModels.Failed failed
        ? Health.Status.failed(failed.reason())
        : Health.Status.starting("loading");
  }

  /** Of a model that tasks named: without it the process does its work for all others. */
  private static Health.Status ofTasks(Health.Status status) {
    return new Health.Status(Health.State.READY, status.reason());
  }

  @Override
  public void close() {
    models.close();
  }
}
