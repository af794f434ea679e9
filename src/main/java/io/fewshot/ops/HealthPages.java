package io.fewshot.ops;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.Gauge;

/** What {@code /healthz}, {@code /readyz} and {@code /metrics} answer, whatever server asks. */
public final class HealthPages {

  public static final String ALIVE = "/healthz";
  public static final String READY = "/readyz";
  public static final String METRICS = "/metrics";

  private static final String READY_GAUGE = "fewshot.ready";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Health health;
  private final Metrics metrics;
  private final boolean reasons;

  public HealthPages(Health health, Metrics metrics) {
    this(health, metrics, true);
    // Two servers of a process, one for people and one for machines, have the same health.
    if (metrics.registry().find(READY_GAUGE).gauge() != null) {
      return;
    }
    Gauge.builder(READY_GAUGE, health, asked -> asked.ready() ? 1 : 0)
        .description("Whether the service is ready, as /readyz has it: 1 or 0")
        .strongReference(true)
        .register(metrics.registry());
  }

  private HealthPages(Health health, Metrics metrics, boolean reasons) {
    this.health = health;
    this.metrics = metrics;
    this.reasons = reasons;
  }

  /** For whoever comes without a login: how each part is, and not why. */
  public HealthPages withoutReasons() {
    return new HealthPages(health, metrics, false);
  }

  /** An answer: HTTP status, media type and text. */
  public record Page(int status, String contentType, String body) {}

  /** The answer for a path; 404 for any other. */
  public Page page(String path) {
    return switch (path) {
      case ALIVE -> statuses("live", health.live());
      case READY -> statuses("ready", health.ready());
      case METRICS -> new Page(200, "text/plain; version=0.0.4; charset=utf-8", metrics.scrape());
      default -> new Page(404, "text/plain; charset=utf-8", "not found\n");
    };
  }

  private Page statuses(String question, boolean yes) {
    ObjectNode json = JSON.createObjectNode();
    json.put(question, yes);
    ObjectNode components = json.putObject("components");
    health
        .statuses()
        .forEach(
            (name, status) -> {
              ObjectNode component = components.putObject(name);
              component.put("state", status.state().label());
              if (reasons && !status.reason().isEmpty()) {
                component.put("reason", status.reason());
              }
            });
    return new Page(yes ? 200 : 503, "application/json; charset=utf-8", json + "\n");
  }
}
