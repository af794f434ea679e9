package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {

  @TempDir Path directory;
  private final Map<String, String> flags = new HashMap<>();
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void isolate() {
    environment.put("FEWSHOT_CACHE", directory.toString());
  }

  private Settings load() {
    return Settings.load(flags, null, environment);
  }

  private Settings load(String file) throws IOException {
    return Settings.load(
        flags, Files.writeString(directory.resolve("my.properties"), file), environment);
  }

  private void upRuns() throws IOException {
    UpFile.ofThisProcess("up:1", "http://up:2/path", "http://up:3").write(directory);
  }

  @Test
  void theNearestSourceWins() throws IOException {
    // Given all four
    upRuns();
    environment.put("FEWSHOT_BOOTSTRAP_SERVERS", "environment:1");
    String file = "bootstrap.servers=file:1\n";

    // When, Then: taken away one by one
    flags.put(Settings.BOOTSTRAP, "flag:1");
    assertThat(load(file).bootstrapServers()).isEqualTo("flag:1");
    flags.clear();
    assertThat(load(file).bootstrapServers()).isEqualTo("file:1");
    assertThat(load().bootstrapServers()).isEqualTo("environment:1");
    environment.remove("FEWSHOT_BOOTSTRAP_SERVERS");
    assertThat(load().bootstrapServers()).isEqualTo("up:1");
    assertThat(load().registryUrl()).isEqualTo("http://up:2/path");
    UpFile.remove(directory);
    assertThatThrownBy(() -> load().bootstrapServers())
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("./fewshot up")
        .hasMessageContaining("FEWSHOT_BOOTSTRAP_SERVERS")
        .hasMessageNotContaining("\n");
  }

  @Test
  void anUpOfAnotherBrokerLendsNoRegistry() throws IOException {
    upRuns();
    flags.put(Settings.BOOTSTRAP, "other:1");

    assertThatThrownBy(() -> load().registryUrl())
        .hasMessageContaining("FEWSHOT_SCHEMA_REGISTRY_URL");
  }

  @Test
  void anUpThatIsGoneIsNone() throws Exception {
    // Given
    Process process = new ProcessBuilder("true").start();
    process.waitFor();
    new UpFile(process.pid(), "gone:1", "http://gone", "http://gone").write(directory);

    assertThat(load().knowsBroker()).isFalse();

    // And a process that got the pid of one that is gone
    Files.writeString(
        directory.resolve("up.json"),
        "{\"pid\":%d,\"started\":1,\"bootstrap\":\"gone:1\"}"
            .formatted(ProcessHandle.current().pid()));
    assertThat(load().knowsBroker()).isFalse();

    Files.writeString(directory.resolve("up.json"), "{half");
    assertThat(load().knowsBroker()).isFalse();
  }

  @Test
  void theEnvironmentReachesEveryClient() {
    environment.put("FEWSHOT_BOOTSTRAP_SERVERS", "b:1");
    environment.put("FEWSHOT_KAFKA_SECURITY_PROTOCOL", "SASL_SSL");
    environment.put("FEWSHOT_KAFKA_SASL_JAAS_CONFIG", "login");
    environment.put("FEWSHOT_KAFKA_ACKS", "all");
    environment.put("FEWSHOT_KAFKA_CONSUMER_FETCH_MIN_BYTES", "5");
    environment.put("FEWSHOT_HOME", "what the launcher sets");

    Settings settings = load();

    for (Map<String, Object> client :
        java.util.List.of(settings.admin(), settings.consumer(), settings.producer())) {
      assertThat(client)
          .containsEntry("bootstrap.servers", "b:1")
          .containsEntry("security.protocol", "SASL_SSL")
          .containsEntry("sasl.jaas.config", "login");
    }
    assertThat(settings.producer()).containsEntry("acks", "all");
    assertThat(settings.consumer()).containsEntry("fetch.min.bytes", "5").doesNotContainKey("acks");
    assertThat(settings.streams()).containsEntry("consumer.fetch.min.bytes", "5");
    assertThat(settings.toString()).doesNotContain("launcher");
  }

  @Test
  void theRegistrysPropertiesGoToTheRegistryOnly() {
    environment.put("FEWSHOT_BOOTSTRAP_SERVERS", "b:1");
    environment.put("FEWSHOT_SCHEMA_REGISTRY_URL", "http://r:1");
    environment.put("FEWSHOT_BASIC_AUTH_USER_INFO", "ann:pass");
    environment.put("FEWSHOT_SCHEMA_REGISTRY_SSL_TRUSTSTORE_LOCATION", "/trust.p12");
    environment.put("FEWSHOT_SERDE", "com.example.Serde");

    Settings settings = load();

    assertThat(settings.registry())
        .containsOnly(
            Map.entry("schema.registry.url", "http://r:1"),
            Map.entry("basic.auth.user.info", "ann:pass"),
            Map.entry("schema.registry.ssl.truststore.location", "/trust.p12"),
            Map.entry("serde", "com.example.Serde"));
    assertThat(settings.admin()).doesNotContainKeys("schema.registry.url", "basic.auth.user.info");
  }

  @Test
  void secretsCanComeFromFilesAndAreNotShown() throws IOException {
    Path secret = Files.writeString(directory.resolve("jaas"), "s3cret login\n");
    environment.put("FEWSHOT_BOOTSTRAP_SERVERS", "b:1");
    environment.put("FEWSHOT_KAFKA_SASL_JAAS_CONFIG_FILE", secret.toString());
    environment.put("FEWSHOT_KAFKA_SSL_KEYSTORE_KEY", "s3cret key");
    environment.put("FEWSHOT_KAFKA_SASL_OAUTHBEARER_ASSERTION_FILE", "a path");
    environment.put("FEWSHOT_BASIC_AUTH_USER_INFO", "ann:s3cret");
    environment.put("FEWSHOT_SCHEMA_REGISTRY_URL", "http://ann:s3cret@r:1");

    Settings settings = load();

    assertThat(settings.admin()).containsEntry("sasl.jaas.config", "s3cret login");
    assertThat(settings.admin()).containsEntry("sasl.oauthbearer.assertion.file", "a path");
    assertThat(settings.toString()).doesNotContain("s3cret").contains("b:1");

    environment.put("FEWSHOT_KAFKA_SSL_KEY_PASSWORD_FILE", "missing");
    assertThatThrownBy(this::load)
        .hasMessageContaining("FEWSHOT_KAFKA_SSL_KEY_PASSWORD_FILE")
        .hasMessageContaining("missing");
  }

  @Test
  void aWrongFileIsSaid() {
    assertThatThrownBy(() -> Settings.load(flags, directory.resolve("no"), environment))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("no configuration file");
    assertThatThrownBy(() -> load("fewshot.prot=80\n"))
        .hasMessageContaining("fewshot.prot")
        .hasMessageContaining("fewshot.port");
  }

  @Test
  void wrongValuesAreSaid() {
    flags.put(Settings.PORT, "eighty");
    flags.put(Settings.DEVICE, "tpu");
    flags.put(Settings.DTYPE, "int3");
    Settings settings = load();

    assertThatThrownBy(settings::port).hasMessageContaining("eighty");
    assertThatThrownBy(settings::device).hasMessageContaining("tpu");
    assertThatThrownBy(settings::dtype).hasMessageContaining("int3");
  }

  @Test
  void defaultsFollowTheTopicPrefix() {
    assertThat(load().topicPrefix()).isEqualTo("fewshot.");
    assertThat(load().applicationIdPrefix()).isEqualTo("fewshot-");
    assertThat(load().rungs()).isEmpty();
    assertThat(load().partitions()).isEqualTo(6);

    environment.put("FEWSHOT_TOPIC_PREFIX", "shop.");
    environment.put("FEWSHOT_RUNGS", "neighbours, head");
    assertThat(load().applicationIdPrefix()).isEqualTo("shop-");
    assertThat(load().rungs()).containsExactly("neighbours", "head");
  }
}
