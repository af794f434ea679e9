package io.fewshot.event;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.security.ssl.DefaultSslEngineFactory;
import org.jspecify.annotations.Nullable;

/**
 * Where the schema registry is and how to talk to it. The property names are those of Confluent's
 * clients, so that one set of them serves either serde.
 *
 * @param addresses base URLs without a trailing slash; they may have a path
 * @param authorization value of the header, or null
 * @param tls set when a trust store or key store is given
 * @param timeout of one request
 * @param attempts how often all addresses are tried before giving up, at least 1
 */
record RegistryConfig(
    List<URI> addresses,
    @Nullable String authorization,
    Optional<SSLContext> tls,
    Duration timeout,
    int attempts) {

  static final String URL = "schema.registry.url";
  static final String USER_INFO = "basic.auth.user.info";
  static final String BEARER = "bearer.auth.token";
  static final String TIMEOUT_MS = "schema.registry.request.timeout.ms";
  static final String ATTEMPTS = "schema.registry.attempts";
  private static final String PREFIX = "schema.registry.";

  /**
   * Reads the properties.
   *
   * @throws IllegalArgumentException when the URL is missing or a value makes no sense
   */
  static RegistryConfig of(Map<String, ?> properties) {
    String urls = text(properties, URL);
    if (urls == null || urls.isBlank()) {
      throw new IllegalArgumentException(
          "no schema registry: set FEWSHOT_SCHEMA_REGISTRY_URL or " + URL);
    }
    List<URI> addresses =
        Arrays.stream(urls.split(","))
            .map(String::strip)
            .filter(url -> !url.isEmpty())
            .map(RegistryConfig::address)
            .toList();
    return new RegistryConfig(
        addresses,
        authorization(properties),
        tls(properties),
        Duration.ofMillis(number(properties, TIMEOUT_MS, 5000)),
        number(properties, ATTEMPTS, 4));
  }

  private static URI address(String url) {
    URI uri;
    try {
      uri = URI.create(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(URL + " is not a URL: " + url, e);
    }
    if (uri.getHost() == null
        || !("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
      throw new IllegalArgumentException(
          URL + " needs the form http(s)://host:port/path, but is " + url);
    }
    return uri;
  }

  private static @Nullable String authorization(Map<String, ?> properties) {
    String bearer = own(properties, BEARER);
    if (bearer != null) {
      return "Bearer " + bearer;
    }
    String userInfo = own(properties, USER_INFO);
    return userInfo == null ? null : RegistryHttp.basic(userInfo);
  }

  /** With Kafka's own loader: it reads JKS, PKCS12 and PEM, also encrypted keys. */
  private static Optional<SSLContext> tls(Map<String, ?> properties) {
    Map<String, Object> given = new HashMap<>();
    properties.forEach(
        (name, value) -> {
          if (name.startsWith(PREFIX + "ssl.") && value != null) {
            given.put(name.substring(PREFIX.length()), value);
          }
        });
    if (!given.containsKey(SslConfigs.SSL_TRUSTSTORE_LOCATION_CONFIG)
        && !given.containsKey(SslConfigs.SSL_TRUSTSTORE_CERTIFICATES_CONFIG)
        && !given.containsKey(SslConfigs.SSL_KEYSTORE_LOCATION_CONFIG)
        && !given.containsKey(SslConfigs.SSL_KEYSTORE_CERTIFICATE_CHAIN_CONFIG)) {
      return Optional.empty();
    }
    for (String name :
        List.of(
            SslConfigs.SSL_TRUSTSTORE_LOCATION_CONFIG, SslConfigs.SSL_KEYSTORE_LOCATION_CONFIG)) {
      Object location = given.get(name);
      if (location != null && !Files.isReadable(Path.of(location.toString()))) {
        throw new IllegalArgumentException(PREFIX + name + ": cannot read " + location);
      }
    }
    ConfigDef definition = new ConfigDef();
    SslConfigs.addClientSslSupport(definition);
    try (DefaultSslEngineFactory factory = new DefaultSslEngineFactory()) {
      factory.configure(definition.parse(given));
      return Optional.of(factory.sslContext());
    } catch (KafkaException e) {
      throw new IllegalArgumentException(
          "the TLS files of the schema registry cannot be used: " + e.getMessage(), e);
    }
  }

  /** A property under its name, or under the registry's prefix, which Confluent allows too. */
  private static @Nullable String own(Map<String, ?> properties, String name) {
    String value = text(properties, name);
    return value != null ? value : text(properties, PREFIX + name);
  }

  private static @Nullable String text(Map<String, ?> properties, String name) {
    Object value = properties.get(name);
    return value == null ? null : value.toString();
  }

  private static int number(Map<String, ?> properties, String name, int otherwise) {
    String value = text(properties, name);
    if (value == null) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(value.strip());
      if (number > 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException(name + " must be a whole number above 0, not " + value);
  }

  @Override
  public String toString() {
    return "RegistryConfig[" + addresses.size() + " addresses]";
  }
}
