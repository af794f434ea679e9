package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.ladder.AuditBook;
import io.fewshot.ladder.FineTuned;
import io.fewshot.ladder.Ladder;
import io.fewshot.ladder.LadderSettings;
import io.fewshot.ladder.LinearHead;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.model.ProgressListener;
import io.fewshot.ops.BackgroundThread;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.ops.SettingsException;
import io.fewshot.training.Connection;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream in one process: the answering and the learning application, and what they share. Owns
 * the ladder, the memory and both applications, from {@link #start} until {@link #close}.
 *
 * <p>{@link #start} returns at once. Whatever is not there yet (broker, topics, registry, model) is
 * waited for, visible in the health of the process; meanwhile the queries stay in Kafka.
 */
public final class StreamService implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StreamService.class);
  private static final Duration CALIBRATING = Duration.ofSeconds(5);
  private static final Duration LOOK = Duration.ofMillis(50);

  private final Settings settings;
  private final Topics topics;
  private final Codecs codecs;
  private final Health health;
  private final Metrics metrics;
  private final StreamSettings streamSettings = StreamSettings.standard();

  private final InstanceDirectory directory;
  private final Engines engines;
  private final ExampleMemory memory;
  private final TaskCatalogue tasks = new TaskCatalogue();
  private final AuditBook audits = new AuditBook();
  private final Ladder ladder;
  private final ReleaseFollower releases;
  private final Codecs streamCodecs;
  private final InferenceWorkers workers = new InferenceWorkers();
  private final TaskAnnouncements announcements;
  private final StreamApplication answering;
  private final StreamApplication learning;
  private final Map<String, KafkaStreamsMetrics> kafkaMetrics = new ConcurrentHashMap<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Surroundings surroundings;
  private final Health.Component calibrations;
  private final Health.Component start;
  private final BackgroundThread starter;
  private volatile RecordLimits limits = RecordLimits.standard();

  /**
   * @param codecs not closed here
   * @param engines not closed here; see {@link #engines}
   * @throws SettingsException when the state directory cannot be used
   */
  public StreamService(
      Settings settings,
      Topics topics,
      Codecs codecs,
      Health health,
      Metrics metrics,
      Engines engines) {
    this.settings = settings;
    this.topics = topics;
    this.codecs = codecs;
    this.health = health;
    this.metrics = metrics;
    this.engines = engines;
    this.memory = new ExampleMemory(settings.memoryBytes().orElseGet(ExampleMemory::standardLimit));
    health.watch("memory", () -> new Health.Status(Health.State.READY, memory.concern()));
    this.releases =
        new ReleaseFollower(
            new Connection(settings, topics, codecs), health, metrics.registry(), warmUp());
    this.ladder =
        new Ladder(
            engines.encoders(),
            memory,
            engines.models(),
            releases,
            audits,
            LadderSettings.DEFAULTS.withRunnable(engines.runnable()));
    this.streamCodecs = codecs.withoutWaiting();
    this.announcements =
        new TaskAnnouncements(
            new Connection(settings, topics, codecs), tasks, health.component("tasks"));
    AnsweringParts parts =
        AnsweringParts.of(ladder, memory, tasks, audits, workers, streamSettings);
    LearningParts learned =
        LearningParts.of(
            TextEncoder.of(engines.encoders()), BulkEncoder.thread(), memory, new TaskCatalogue());
    health.watch("registry", this::registryStatus);
    health.watch("examples", learned.faults()::status);
    health.watch("messages", parts.faults()::status);
    health.watch("models of tasks", parts.outages()::status);
    this.directory = InstanceDirectory.take(settings.stateDirectory());
    this.surroundings =
        new Surroundings(
            topics,
            codecs,
            settings.admin(),
            Changelogs.of(topics, settings.applicationIdPrefix()),
            health,
            closing);
    this.calibrations = health.component("calibration");
    this.start = health.component("start");
    this.answering =
        application(
            "answering",
            settings.answeringThreads(),
            () ->
                AnsweringTopology.build(
                    topics, streamCodecs, parts, limits, streamSettings, metrics.registry()));
    this.learning =
        application(
            "learning",
            settings.learningThreads(),
            () ->
                LearningTopology.build(
                    topics, streamCodecs, learned, limits, streamSettings, metrics.registry()));
    this.starter = new BackgroundThread("fewshot-start", start, this::startApplications);
  }

  /**
   * What the applications compute with, loading in the background from now on. Belongs to the
   * caller, who closes it after the service; it may be asked for before there is a broker to
   * connect to.
   *
   * @param downloads told how the download of a model goes on
   * @throws SettingsException when a setting makes no sense
   */
  public static Engines engines(
      Settings settings, Health health, Metrics metrics, ProgressListener downloads) {
    Engines engines =
        new Engines(settings, LadderSettings.DEFAULTS.runnable(), health, metrics, downloads);
    engines.load();
    return engines;
  }

  private Health.Status registryStatus() {
    String failure = streamCodecs.failure();
    return failure == null
        ? Health.Status.READY
        : Health.Status.failed("records wait for the schema registry: " + failure);
  }

  private StreamApplication application(String name, int threads, Supplier<Topology> topology) {
    StreamApplication application =
        new StreamApplication(
            name,
            surroundings::check,
            topology,
            StreamConfigs.of(
                settings.applicationIdPrefix() + name,
                threads,
                streamSettings,
                directory.path(),
                settings.streams()),
            streams -> bindMetrics(name, streams),
            metrics.registry());
    health.watch(name, application::status);
    return application;
  }

  /** A client that was replaced, and tasks that went elsewhere, take their meters with them. */
  private synchronized void bindMetrics(String name, KafkaStreams streams) {
    KafkaStreamsMetrics fresh = new KafkaStreamsMetrics(streams);
    KafkaStreamsMetrics old = kafkaMetrics.put(name, fresh);
    if (old != null) {
      old.close();
    }
    fresh.bindTo(metrics.registry());
  }

  /** Starts everything in the background. */
  public void start() {
    starter.start();
  }

  private void startApplications(BackgroundThread self) throws InterruptedException {
    if (surroundings.await()) {
      limits = limits();
      announcements.start();
      learning.start();
      answering.start();
      releases.start();
      start.ready();
      awaitCalibrations(self);
      self.stop();
    }
  }

  /** The first answers are worth waiting a little for: until then nothing is accepted. */
  private void awaitCalibrations(BackgroundThread self) {
    calibrations.starting("waiting for the examples");
    while (answering.status().state() != Health.State.READY) {
      if (!self.pause(LOOK)) {
        return;
      }
    }
    long deadline = System.nanoTime() + CALIBRATING.toNanos();
    while (!tasks.all().stream().allMatch(ladder::isCalibrated)
        && System.nanoTime() < deadline
        && self.pause(LOOK)) {
      calibrations.starting("answering stored examples");
    }
    calibrations.ready();
  }

  /**
   * Whether the answers of the rungs that cost no language model are calibrated, if there are
   * examples to do that with; begins to if not. True when there is no such task.
   */
  public boolean isCalibrated(String task) {
    return tasks.find(task).map(ladder::isCalibrated).orElse(true);
  }

  /** Follow from what the topics take, which were there a moment ago. */
  private RecordLimits limits() {
    try (Admin client = Admin.create(settings.admin())) {
      int largest = new TopicAdmin(client, Duration.ofSeconds(10)).largestRecord(topics);
      return RecordLimits.of(settings.maxTextBytes(), largest);
    } catch (KafkaException e) {
      LOG.warn("The topics' limits cannot be read, so the usual ones hold: {}", e.getMessage());
      return RecordLimits.of(settings.maxTextBytes(), RecordLimits.MAX_RECORD);
    }
  }

  /** What a new release's first messages would otherwise wait for, or be answered without. */
  private ReleaseFollower.WarmUp warmUp() {
    return new ReleaseFollower.WarmUp() {
      @Override
      public void head(LinearHead head, String task) {
        tasks.find(task).ifPresent(definition -> ladder.prepare(definition, head));
      }

      @Override
      public void fineTuned(FineTuned release, String task) {
        tasks.find(task).ifPresent(definition -> ladder.prepare(definition, release));
      }
    };
  }

  /** The examples on this instance. */
  public ExampleMemory memory() {
    return memory;
  }

  /** The task definitions on this instance. */
  public TaskCatalogue tasks() {
    return tasks;
  }

  /** Version of the head that serves a task on this instance; empty when none does. */
  public String headVersion(String task) {
    return releases.head(task).map(LinearHead::version).orElse("");
  }

  @Override
  public void close() {
    closing.countDown();
    starter.close();
    // All at once: each takes seconds.
    announcements.stop();
    answering.stop();
    learning.stop();
    releases.stop();
    announcements.close();
    answering.close();
    learning.close();
    workers.close();
    streamCodecs.close();
    releases.close();
    kafkaMetrics.values().forEach(KafkaStreamsMetrics::close);
    ladder.close();
    memory.close();
    directory.close();
  }
}
