package io.fewshot.labeling;

import io.fewshot.event.Codecs;
import io.fewshot.event.RecordException;
import io.fewshot.event.Topics;
import io.fewshot.memory.Encoders;
import io.fewshot.ops.Health;
import io.fewshot.ops.HealthPages;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.ops.SettingsException;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.NotFoundResponse;
import io.javalin.util.JavalinBindException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The labeling page in one process: it serves at once, and reads the topics in the background,
 * visible in the health of the process. Owns its consumer, its producer, its encoders and the
 * server from {@link #start} until {@link #close}.
 */
public final class LabelingService implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LabelingService.class);
  private static final long MAX_BODY = 1_000_000;

  /** Learning decides within a tenth of a second, unless it is away. */
  private static final Duration DECIDED_WITHIN = Duration.ofSeconds(3);

  private final LabelingView view;
  private final Publisher publisher;
  private final Similarity similarity;
  private final TopicFollower follower;
  private final LiveUpdates live;
  private final Javalin app;

  private LabelingService(
      Settings settings,
      Topics topics,
      Codecs codecs,
      Health health,
      Metrics metrics,
      WebSettings web) {
    InstantSource clock = InstantSource.system();
    view = new LabelingView(web.agreement(), clock, Leases.LENGTH);
    DryRuns dryRuns = new DryRuns();
    Decisions decisions = new Decisions(DECIDED_WITHIN);
    Sessions sessions = new Sessions(clock);
    Guard guard = new Guard(web, sessions);
    LoginLimit limit = new LoginLimit(clock);
    publisher = new Publisher(settings, topics, codecs);
    similarity = new Similarity(new Encoders());
    live = new LiveUpdates(view::revision);
    follower =
        new TopicFollower(
            settings,
            ViewUpdater.topics(topics),
            new ViewUpdater(topics, codecs, view, dryRuns, decisions, metrics.registry()),
            health.component("labeling"));
    app =
        Javalin.create(
            config -> {
              config.showJavalinBanner = false;
              config.http.maxRequestSize = MAX_BODY;
              config.http.prefer405over404 = true;
            });
    app.before(guard::protect);
    app.before("/api/*", guard::protectApi);
    new Api(
            web,
            sessions,
            guard,
            limit,
            view,
            new Labeling(view, publisher, similarity, follower, decisions),
            new LabelRename(settings, topics, codecs, publisher, view, follower),
            publisher,
            dryRuns)
        .addTo(app);
    app.sse("/api/events", live::add);
    new Assets().addTo(app);
    HealthPages pages = new HealthPages(health, metrics);
    HealthPages open = web.isLocal() ? pages : pages.withoutReasons();
    mount(HealthPages.ALIVE, open);
    mount(HealthPages.READY, open);
    if (web.metrics()) {
      app.before(HealthPages.METRICS, new MetricsGuard(web, sessions, limit)::protect);
      mount(HealthPages.METRICS, pages);
    }
    explainFailures();
  }

  /**
   * Serves the page and the health pages.
   *
   * @throws SettingsException when the port is taken
   */
  public static LabelingService start(
      Settings settings,
      Topics topics,
      Codecs codecs,
      Health health,
      Metrics metrics,
      WebSettings web) {
    LabelingService service = new LabelingService(settings, topics, codecs, health, metrics, web);
    try {
      service.app.start(web.host(), web.port());
    } catch (JavalinBindException e) {
      service.close();
      throw new SettingsException("port " + web.port() + " is taken: choose another with --port");
    }
    service.bind(metrics.registry());
    service.live.start();
    service.follower.start();
    return service;
  }

  private void mount(String path, HealthPages pages) {
    app.get(
        path,
        context -> {
          HealthPages.Page page = pages.page(path);
          context.status(page.status()).contentType(page.contentType()).result(page.body());
        });
  }

  private void explainFailures() {
    app.exception(WebException.class, (e, context) -> Api.refuse(context, e));
    app.exception(
        KafkaException.class,
        (e, context) -> unavailable(context, "the broker does not answer", e));
    app.exception(
        RecordException.class,
        (e, context) -> unavailable(context, "the registry does not answer", e));
    app.exception(
        NotFoundResponse.class,
        (e, context) ->
            Api.refuse(context, new WebException(404, "unknown", "there is no such page")));
    app.exception(
        Exception.class,
        (e, context) -> {
          LOG.error("A request failed: {} {}", context.method(), context.path(), e);
          Api.refuse(context, new WebException(500, "failed", "this should not happen"));
        });
  }

  private static void unavailable(Context context, String message, Exception e) {
    LOG.warn("{}: {}", message, e.toString());
    Api.refuse(context, new WebException(503, "away", message + ": try again"));
  }

  private void bind(MeterRegistry registry) {
    Gauge.builder("fewshot.labeling.waiting", view, LabelingView::allWaiting)
        .description("Messages that wait for people")
        .register(registry);
    Gauge.builder("fewshot.labeling.pages", live, LiveUpdates::size)
        .description("Open pages")
        .register(registry);
  }

  public int port() {
    return app.port();
  }

  @Override
  public void close() {
    live.close();
    app.stop();
    follower.close();
    publisher.close();
    similarity.close();
  }
}
