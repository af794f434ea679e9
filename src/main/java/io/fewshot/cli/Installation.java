package io.fewshot.cli;

import io.fewshot.embedded.Embedded;
import io.fewshot.event.Example;
import io.fewshot.event.Schemas;
import io.fewshot.event.TaskDefinition;
import io.fewshot.labeling.LabelingService;
import io.fewshot.labeling.WebSettings;
import io.fewshot.ops.BrokerWatch;
import io.fewshot.ops.Health;
import io.fewshot.ops.HealthPages;
import io.fewshot.ops.HealthServer;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.ops.SettingsException;
import io.fewshot.prompt.Rung;
import io.fewshot.stream.Engines;
import io.fewshot.stream.StreamService;
import io.fewshot.training.TrainerService;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All parts in this process: broker, registry, stream and web page. Owns them from {@link #start}
 * until {@link #close}, which stops them in the opposite order.
 */
final class Installation implements AutoCloseable {

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final Embedded embedded;
  private final Cluster cluster;
  private final Health health;
  private final StreamService stream;
  private final int port;

  /**
   * Where it is and where it listens.
   *
   * @param broker port of the broker; 0 for a free one
   * @param registry port of the registry; 0 for a free one
   * @param web port of the endpoints; null for the usual one, or a free one when that is taken
   * @param settings that hold whatever the environment says
   */
  record Place(
      Path directory,
      int broker,
      int registry,
      @Nullable Integer web,
      Map<String, String> settings) {

    /** For one task: what it does not use need not be fetched. */
    static Place temporary(Path directory, TaskFile task, @Nullable Integer web) {
      Map<String, String> settings =
          Map.of(
              Settings.MODELS,
              task.definition().model(),
              Settings.RUNGS,
              task.definition().rungs().stream().map(Rung::label).collect(Collectors.joining(",")));
      return new Place(directory, 0, 0, web, settings);
    }
  }

  private Installation(Console console, Place place, Steps steps) {
    try {
      Settings own = Settings.load(Map.of(), null, System.getenv());
      Metrics metrics = keep(new Metrics());
      health = new Health();
      // The models load while broker and registry start.
      Engines engines =
          keep(StreamService.engines(own.with(place.settings()), health, metrics, steps::download));
      steps.at("starting broker and registry", 0, -1);
      embedded =
          keep(
              Embedded.start(
                  place.directory(),
                  place.broker(),
                  place.registry(),
                  waited -> steps.at("starting broker and registry", waited.toSeconds(), -1)));
      Map<String, String> here = new HashMap<>(place.settings());
      here.putAll(embedded.properties());
      here.put(Settings.STATE_DIR, place.directory().resolve("stream").toString());
      cluster = keep(new Cluster(own.with(here)));
      steps.at("creating the topics", 0, -1);
      cluster.topicAdmin().create(cluster.topics(), 1);
      // Before anyone else: two that register the same schema at once may both be refused.
      Schemas.register(cluster.topics(), cluster.codecs().registry());
      steps.at("starting the stream", 0, -1);
      health.watch("embedded", this::embeddedStatus);
      keep(BrokerWatch.start(cluster.settings(), health));
      port = keep(serve(console, place.web(), metrics)).port();
      stream =
          keep(
              new StreamService(
                  cluster.settings(),
                  cluster.topics(),
                  cluster.codecs(),
                  health,
                  metrics,
                  engines));
      stream.start();
      TrainerService trainer =
          keep(
              new TrainerService(
                  cluster.settings(),
                  cluster.topics(),
                  cluster.codecs(),
                  health,
                  metrics,
                  TrainerService.Listener.NONE));
      trainer.start();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** Starts all parts; the stream may still be loading when this returns. */
  static Installation start(Console console, Place place, Steps steps) {
    return new Installation(console, place, steps);
  }

  private <T extends AutoCloseable> T keep(T part) {
    opened.push(part);
    return part;
  }

  /** The page, on the port that was asked for, or the usual one, or a free one. */
  private LabelingService serve(Console console, @Nullable Integer wanted, Metrics metrics) {
    int usual = wanted == null ? cluster.settings().port() : wanted;
    try {
      return WebCommand.serve(cluster, health, metrics, WebSettings.local(usual));
    } catch (FailedException e) {
      if (wanted != null) {
        throw e;
      }
      LabelingService page = WebCommand.serve(cluster, health, metrics, WebSettings.local(0));
      console.say("port " + usual + " is taken, so it is port " + page.port());
      return page;
    }
  }

  /** Serves on a port that was asked for. */
  static HealthServer serve(int port, HealthPages pages) {
    try {
      return HealthServer.start(port, pages);
    } catch (SettingsException e) {
      throw new FailedException(String.valueOf(e.getMessage()), e);
    }
  }

  private Health.Status embeddedStatus() {
    String failure = embedded.failure();
    return failure == null ? Health.Status.READY : Health.Status.dead(failure);
  }

  /** Puts a task in force. */
  void apply(TaskFile task) {
    try (Sender<TaskDefinition> sender =
        new Sender<>(cluster, cluster.topics().tasks(), TaskDefinition.class, id -> {})) {
      sender.send(task.task(), task.task(), task.record());
      sender.flush();
    }
  }

  /** Puts examples into a task's memory. */
  void add(List<Example> examples) {
    try (Sender<Example> sender =
        new Sender<>(cluster, cluster.topics().examples(), Example.class, id -> {})) {
      examples.forEach(
          example -> sender.send(example.getExampleId(), Examples.key(example), example));
      sender.flush();
    }
  }

  Cluster cluster() {
    return cluster;
  }

  StreamService stream() {
    return stream;
  }

  boolean ready() {
    return health.ready();
  }

  /** Whether a part has failed, and not only is on its way. */
  boolean failing() {
    return health.statuses().values().stream()
        .anyMatch(status -> status.state() == Health.State.FAILED);
  }

  /** What is not ready, and why; empty when everything is. */
  String waitingFor() {
    return health.reasons(EnumSet.complementOf(EnumSet.of(Health.State.READY)));
  }

  /**
   * Makes sure that it can go on.
   *
   * @throws FailedException when broker or registry are gone
   */
  void check() {
    String failure = embedded.failure();
    if (failure != null) {
      throw new FailedException(failure);
    }
  }

  String bootstrapServers() {
    return embedded.bootstrapServers();
  }

  String registryUrl() {
    return embedded.registryUrl();
  }

  /** Base URL of the web page and the health endpoints. */
  String webUrl() {
    return "http://127.0.0.1:" + port;
  }

  @Override
  public void close() {
    // Whoever was interrupted must still be able to wait for what closes.
    Thread.interrupted();
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        org.slf4j.LoggerFactory.getLogger(Installation.class).warn("not closed: {}", e.toString());
      }
    }
  }
}
