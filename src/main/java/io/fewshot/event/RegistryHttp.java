package io.fewshot.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.RetryPolicy;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks one of several registry addresses over HTTP: the one that answered last comes first, a round
 * over all of them is repeated a few times with growing pauses. Safe for use by several threads.
 */
final class RegistryHttp {

  private static final Logger LOG = LoggerFactory.getLogger(RegistryHttp.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";

  private final List<URI> addresses;
  private final @Nullable String authorization;
  private final Duration timeout;
  private final HttpClient client;
  private final RetryPolicy<Answer> retries;
  private volatile int preferred;

  RegistryHttp(RegistryConfig config) {
    this.addresses = config.addresses();
    this.authorization = config.authorization();
    this.timeout = config.timeout();
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .connectTimeout(config.timeout());
    config.tls().ifPresent(builder::sslContext);
    this.client = builder.build();
    this.retries =
        RetryPolicy.<Answer>builder()
            .handle(RegistryUnavailableException.class)
            .abortOn(RefusedException.class)
            .withMaxAttempts(config.attempts())
            .withBackoff(Duration.ofMillis(100), Duration.ofSeconds(1))
            .withJitter(0.2)
            .build();
  }

  /**
   * What the registry answered below 500.
   *
   * @param body the JSON answer; a missing node when it was not JSON
   */
  record Answer(int status, JsonNode body) {

    /** The protocol's own error code, or 0. */
    int errorCode() {
      return body.path("error_code").asInt(0);
    }

    String message() {
      return body.path("message").asText("status " + status);
    }
  }

  /** The registry refuses us; asking again at once is of no use. */
  private static final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final RegistryUnavailableException meaning;

    RefusedException(String message) {
      super(message);
      this.meaning = new RegistryUnavailableException(message);
    }
  }

  Answer get(String path) {
    return ask("GET", path, null);
  }

  Answer post(String path, JsonNode body) {
    return ask("POST", path, body.toString());
  }

  private Answer ask(String method, String path, @Nullable String body) {
    try {
      return Failsafe.with(retries).get(() -> round(method, path, body));
    } catch (RefusedException e) {
      throw e.meaning;
    } catch (FailsafeException e) {
      // Only an interrupt while pausing ends here: what round throws is unchecked.
      Thread.currentThread().interrupt();
      throw new RegistryUnavailableException(
          "interrupted while waiting for the schema registry", e);
    }
  }

  /** Asks each address once, until one answers. */
  private Answer round(String method, String path, @Nullable String body) {
    int first = preferred;
    RegistryUnavailableException failure = null;
    for (int i = 0; i < addresses.size(); i++) {
      int index = (first + i) % addresses.size();
      try {
        Answer answer = once(addresses.get(index), method, path, body);
        preferred = index;
        return answer;
      } catch (RegistryUnavailableException e) {
        LOG.debug("{}", e.getMessage());
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    throw failure == null ? new IllegalStateException("no registry address") : failure;
  }

  private Answer once(URI address, String method, String path, @Nullable String body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(address + path))
            .timeout(timeout)
            .header("Accept", MEDIA_TYPE + ", application/json")
            .method(
                method,
                body == null
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(body, StandardCharsets.UTF_8));
    if (body != null) {
      request.header("Content-Type", MEDIA_TYPE);
    }
    if (authorization != null) {
      request.header("Authorization", authorization);
    } else if (address.getUserInfo() != null) {
      request.header("Authorization", basic(address.getUserInfo()));
    }
    HttpResponse<String> response;
    try {
      response = client.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new RegistryUnavailableException(
          "the schema registry at " + shown(address) + " cannot be reached: " + reason(e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RegistryUnavailableException("interrupted while asking the schema registry", e);
    }
    int status = response.statusCode();
    if (status >= 500 || status == 429 || status == 408) {
      throw new RegistryUnavailableException(
          "the schema registry at " + shown(address) + " answered with status " + status);
    }
    if (status == 401 || status == 403) {
      throw new RefusedException(
          "the schema registry at "
              + shown(address)
              + " refuses our credentials (status "
              + status
              + "); set basic.auth.user.info or bearer.auth.token");
    }
    JsonNode json = json(response.body());
    if (json.isMissingNode() || status >= 300 && !json.has("error_code")) {
      // A web server or proxy, not a registry: taken for an answer, it would condemn every record.
      throw new RegistryUnavailableException(
          "what answers at "
              + shown(address)
              + " is not a schema registry (status "
              + status
              + "); is the path of its URL right?");
    }
    return new Answer(status, json);
  }

  private static JsonNode json(String body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException e) {
      return JSON.missingNode();
    }
  }

  static String basic(String userInfo) {
    return "Basic " + Base64.getEncoder().encodeToString(userInfo.getBytes(StandardCharsets.UTF_8));
  }

  /** An address without the credentials in it. */
  private static String shown(URI address) {
    return address.getUserInfo() == null
        ? address.toString()
        : address.toString().replace(address.getRawUserInfo() + "@", "");
  }

  private static String reason(IOException e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  @Override
  public String toString() {
    return addresses.stream().map(RegistryHttp::shown).toList().toString();
  }
}
