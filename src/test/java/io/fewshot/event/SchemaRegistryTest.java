package io.fewshot.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchemaRegistryTest {

  private FakeRegistry server;

  @BeforeEach
  void start() throws Exception {
    server = FakeRegistry.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static SchemaRegistry client(String... pairs) {
    Map<String, String> properties = new HashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      properties.put(pairs[i], pairs[i + 1]);
    }
    return SchemaRegistry.of(properties);
  }

  private SchemaRegistry toServer() {
    return client("schema.registry.url", server.url());
  }

  @Test
  void asksOnceForWhatItKnows() {
    // Given
    SchemaRegistry registry = toServer();
    int id = registry.register("queries-value", "{}");
    String schema = registry.schema(id);
    int asked = server.requests.get();

    // When
    int again = registry.register("queries-value", "{}");
    String schemaAgain = registry.schema(id);

    // Then
    assertThat(again).isEqualTo(id);
    assertThat(schemaAgain).isEqualTo(schema).isEqualTo("{}");
    assertThat(server.requests).hasValue(asked);
  }

  @Test
  void triesAgainAfterFailuresOfTheServer() {
    server.schemas.put(7, "{\"type\":\"string\"}");
    server.faults.set(2);

    assertThat(toServer().schema(7)).isEqualTo("{\"type\":\"string\"}");
    assertThat(server.requests).hasValue(3);
  }

  @Test
  void givesUpAfterTheAttemptsAllowed() {
    server.faults.set(1000);
    SchemaRegistry registry =
        client("schema.registry.url", server.url(), "schema.registry.attempts", "3");

    assertThatThrownBy(() -> registry.schema(7))
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("503");
    assertThat(server.requests).hasValue(3);
  }

  @Test
  void anUnknownIdIsNotAnUnavailableRegistry() {
    assertThatThrownBy(() -> toServer().schema(99)).isInstanceOf(UnknownSchemaException.class);
    assertThat(server.requests).hasValue(1);
  }

  @Test
  void anUnknownIdIsAskedForAgainAfterASecondAndThenFound() {
    // Given a flood of records with a schema that is not there
    AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    SchemaRegistry registry =
        SchemaRegistry.of(Map.of("schema.registry.url", server.url()), now::get);
    for (int i = 0; i < 100; i++) {
      assertThatThrownBy(() -> registry.schema(99))
          .isInstanceOf(UnknownSchemaException.class)
          .hasMessageContaining("99");
    }
    assertThat(server.requests).hasValue(1);

    // When it is registered
    server.schemas.put(99, "{\"type\":\"string\"}");

    // Then
    now.set(Instant.EPOCH.plus(Refusals.KEPT).minusMillis(1));
    assertThatThrownBy(() -> registry.schema(99)).isInstanceOf(UnknownSchemaException.class);
    now.set(Instant.EPOCH.plus(Refusals.KEPT));
    assertThat(registry.schema(99)).isEqualTo("{\"type\":\"string\"}");
    assertThat(server.requests).hasValue(2);
  }

  @Test
  void ofRefusedIdsOnlySoManyAreKept() {
    Refusals refusals = new Refusals(() -> Instant.EPOCH);
    for (int id = 0; id <= Refusals.MOST; id++) {
      refusals.note(id, new UndecodableException("not Avro"));
    }

    assertThatCode(() -> refusals.check(0)).doesNotThrowAnyException();
    assertThatThrownBy(() -> refusals.check(1)).isInstanceOf(UndecodableException.class);
    assertThatThrownBy(() -> refusals.check(Refusals.MOST)).hasMessage("not Avro");
  }

  @Test
  void aWebServerAtAWrongPathCondemnsNoRecord() {
    SchemaRegistry registry =
        client(
            "schema.registry.url",
            server.url().replace("/base", "/elsewhere"),
            "schema.registry.attempts",
            "1");

    assertThatThrownBy(() -> registry.schema(1))
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("not a schema registry");
  }

  @Test
  void refusedCredentialsAreSaidAtOnce() {
    server.fault = 401;
    server.faults.set(1000);

    assertThatThrownBy(() -> toServer().schema(1))
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("basic.auth.user.info");
    assertThat(server.requests).hasValue(1);
  }

  @Test
  void anIncompatibleSchemaIsRejected() {
    server.fault = 409;
    server.faultBody = "{\"error_code\":409,\"message\":\"incompatible\"}";
    server.faults.set(1000);

    assertThatThrownBy(() -> toServer().register("queries-value", "{}"))
        .isInstanceOf(SchemaRejectedException.class)
        .hasMessageContaining("incompatible");
  }

  @Test
  void goesToTheNextAddressAndStaysThere() throws Exception {
    // Given
    server.schemas.put(1, "\"int\"");
    server.schemas.put(2, "\"long\"");
    try (FakeRegistry broken = FakeRegistry.start()) {
      broken.faults.set(1000);
      SchemaRegistry registry = client("schema.registry.url", broken.url() + "," + server.url());

      // When
      registry.schema(1);
      registry.schema(2);

      // Then
      assertThat(broken.requests).hasValue(1);
      assertThat(server.requests).hasValue(2);
    }
  }

  @Test
  void nobodyListeningIsUnavailable() {
    String url = server.url();
    server.close();
    SchemaRegistry registry = client("schema.registry.url", url, "schema.registry.attempts", "2");

    assertThatThrownBy(registry::subjects)
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("cannot be reached");
  }

  @Test
  void sendsTheCredentialsGiven() {
    client("schema.registry.url", server.url(), "basic.auth.user.info", "ann:pass").subjects();
    client("schema.registry.url", server.url(), "bearer.auth.token", "token").subjects();
    client("schema.registry.url", server.url().replace("//", "//ann:pass@")).subjects();

    assertThat(server.authorizations)
        .containsExactly("Basic YW5uOnBhc3M=", "Bearer token", "Basic YW5uOnBhc3M=");
  }

  @Test
  void saysWhatIsWrongWithTheSettings() {
    assertThatThrownBy(() -> client()).hasMessageContaining("FEWSHOT_SCHEMA_REGISTRY_URL");
    assertThatThrownBy(() -> client("schema.registry.url", "localhost:8081"))
        .hasMessageContaining("http(s)://host:port");
    assertThatThrownBy(
            () ->
                client(
                    "schema.registry.url",
                    "https://localhost",
                    "schema.registry.ssl.truststore.location",
                    "missing.jks"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("missing.jks");
  }

  @Test
  void trustsTheAuthorityGivenAndNoOther(@TempDir Path directory) throws Exception {
    // Given
    Path keys = directory.resolve("keys.p12");
    keytool(
        "-genkeypair",
        "-alias",
        "registry",
        "-keyalg",
        "EC",
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost",
        "-storetype",
        "PKCS12",
        "-keystore",
        keys.toString(),
        "-storepass",
        "changeit",
        "-validity",
        "2");
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(keys)) {
      store.load(in, "changeit".toCharArray());
    }
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(store, "changeit".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("registry", store.getCertificate("registry"));
    Path trust = directory.resolve("trust.p12");
    try (OutputStream out = Files.newOutputStream(trust)) {
      trusted.store(out, "changeit".toCharArray());
    }

    try (FakeRegistry secure = FakeRegistry.startTls(context)) {
      // When, Then
      assertThat(
              client(
                      "schema.registry.url",
                      secure.url(),
                      "schema.registry.ssl.truststore.location",
                      trust.toString(),
                      "schema.registry.ssl.truststore.type",
                      "PKCS12",
                      "schema.registry.ssl.truststore.password",
                      "changeit")
                  .subjects())
          .isEmpty();
      assertThatThrownBy(
              () ->
                  client("schema.registry.url", secure.url(), "schema.registry.attempts", "1")
                      .subjects())
          .isInstanceOf(RegistryUnavailableException.class);
    }
  }

  private static void keytool(String... arguments) throws Exception {
    String[] command = new String[arguments.length + 1];
    command[0] = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
  }
}
