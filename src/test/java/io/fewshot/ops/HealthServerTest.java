package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HealthServerTest {

  private final Health health = new Health();
  private final Metrics metrics = new Metrics();
  private final HttpClient client = HttpClient.newHttpClient();
  private HealthServer server;

  @BeforeEach
  void start() {
    server = HealthServer.start(0, new HealthPages(health, metrics));
  }

  @AfterEach
  void stop() {
    server.close();
    metrics.close();
  }

  private HttpResponse<String> get(String path) throws Exception {
    URI uri = URI.create("http://localhost:" + server.port() + path);
    return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  private JsonNode component(String name) throws Exception {
    return new ObjectMapper().readTree(get("/readyz").body()).path("components").path(name);
  }

  @Test
  void readyOnceEveryPartIs() throws Exception {
    // Given
    Health.Component model = health.component("model");
    Health.Component stream = health.component("stream");
    stream.ready();

    // When, Then
    assertThat(get("/readyz").statusCode()).isEqualTo(503);
    assertThat(component("model").path("state").asText()).isEqualTo("starting");
    model.ready();
    assertThat(get("/readyz").statusCode()).isEqualTo(200);
    model.failed("the file's hash is wrong");
    assertThat(get("/readyz").statusCode()).isEqualTo(503);
    assertThat(component("model").path("reason").asText()).isEqualTo("the file's hash is wrong");
  }

  @Test
  void whoComesWithoutALoginLearnsNoReasons() {
    health.component("model").failed("no file at /secret/place");

    String brief = new HealthPages(health, metrics).withoutReasons().page("/readyz").body();

    assertThat(brief).contains("model", "failed").doesNotContain("secret");
  }

  @Test
  void onlyWhatARestartHelpsIsNotLive() throws Exception {
    Health.Component stream = health.component("stream");
    stream.failed("the broker is away");
    assertThat(get("/healthz").statusCode()).isEqualTo(200);

    stream.dead("its threads ended");
    assertThat(get("/healthz").statusCode()).isEqualTo(503);
  }

  @Test
  void aPartThatCannotBeAskedHasFailed() throws Exception {
    health.watch(
        "registry",
        () -> {
          throw new IllegalStateException("gone");
        });

    assertThat(component("registry").path("state").asText()).isEqualTo("failed");
    assertThat(component("registry").path("reason").asText()).isEqualTo("gone");
  }

  @Test
  void metersAreScraped() throws Exception {
    metrics.registry().counter("fewshot.answers", "rung", "neighbours").increment(3);

    assertThat(get("/metrics").body())
        .contains("fewshot_answers_total{rung=\"neighbours\"} 3.0")
        .contains("jvm_memory_used_bytes");
  }

  @Test
  void otherPathsAreNotFound() throws Exception {
    assertThat(get("/").statusCode()).isEqualTo(404);
  }

  @Test
  void aTakenPortIsSaidInOneLine() {
    int port = server.port();

    assertThatThrownBy(() -> HealthServer.start(port, new HealthPages(health, metrics)))
        .isInstanceOf(SettingsException.class)
        .hasMessage("port " + port + " is taken: choose another with --port");
  }
}
