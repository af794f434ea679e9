package io.fewshot.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fewshot.event.Codecs;
import io.fewshot.event.Query;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.SchemaRegistry;
import io.fewshot.event.Schemas;
import io.fewshot.event.Topics;
import io.fewshot.event.UnknownSchemaException;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedRegistryIT {

  private static final Topics TOPICS = Topics.standard();

  private static Map<String, String> properties(EmbeddedRegistry registry) {
    return Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "2");
  }

  @Test
  void idsSurviveARestartAndAnOutageIsNoUnknownSchema(@TempDir Path directory) {
    Map<String, Integer> ids;
    int port;
    RecordCodec<Query> codec;
    byte[] bytes;
    Query query = Query.newBuilder().setQueryId("q").setTask("t").setText("您好 \uD800").build();
    byte[] unknown = {0, 0, 0, 0x7f, 0, 0};
    // Given: a record written through a real registry
    try (EmbeddedRegistry registry = EmbeddedRegistry.start(directory, 0, waited -> {})) {
      port = registry.port();
      SchemaRegistry client = SchemaRegistry.of(properties(registry));
      ids = Schemas.register(TOPICS, client);
      assertThat(client.subjects()).containsAll(ids.keySet());
      assertThat(client.schema(ids.get("fewshot.queries-value")))
          .isEqualTo(Schemas.text(Query.class));
      assertThat(client.isCompatible("fewshot.queries-value", Schemas.text(Query.class))).isTrue();
      codec = Codecs.of(properties(registry)).codec(Query.class);
      bytes = codec.encode(TOPICS.queries().name(), query);
      assertThatThrownBy(() -> codec.decode("x", new RecordHeaders(), unknown))
          .isInstanceOf(UnknownSchemaException.class);
    }

    // When: it is away
    RecordCodec<Query> fresh =
        Codecs.of(
                Map.of(
                    "schema.registry.url",
                    "http://127.0.0.1:" + port + "/apis/ccompat/v7",
                    "schema.registry.attempts",
                    "2"))
            .codec(Query.class);
    assertThatThrownBy(() -> fresh.decode("x", new RecordHeaders(), bytes))
        .isInstanceOf(RegistryUnavailableException.class);

    // Then: it knows all that it knew when it is back
    try (EmbeddedRegistry registry = EmbeddedRegistry.start(directory, port, waited -> {})) {
      assertThat(fresh.decode("x", new RecordHeaders(), bytes).getText()).isEqualTo("您好 ?");
      assertThat(Schemas.register(TOPICS, SchemaRegistry.of(properties(registry)))).isEqualTo(ids);
      assertThatThrownBy(() -> EmbeddedRegistry.start(directory, 0, waited -> {}))
          .isInstanceOf(EmbeddedException.class)
          .hasMessageContaining("is in use");
    }
  }

  @Test
  void itsDeathIsSeen() {
    try (EmbeddedRegistry registry = EmbeddedRegistry.startTemporary()) {
      assertThat(registry.failure()).isNull();

      ProcessHandle.of(registry.pid()).orElseThrow().destroyForcibly();

      Awaitility.await()
          .atMost(Duration.ofSeconds(5))
          .untilAsserted(() -> assertThat(registry.failure()).contains("stopped with status"));
    }
  }

  /** A process with a registry of its own, for the test to kill. */
  public static final class Parent {

    public static void main(String[] arguments) throws Exception {
      EmbeddedRegistry registry = EmbeddedRegistry.startTemporary();
      System.out.println(registry.pid());
      System.out.flush();
      Thread.currentThread().join();
    }
  }

  @Test
  void itDiesWithAParentThatIsKilled() throws Exception {
    // Given
    Process parent =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-D"
                    + RegistryInstallation.PROPERTY
                    + "="
                    + System.getProperty(RegistryInstallation.PROPERTY),
                "-cp",
                System.getProperty("java.class.path"),
                Parent.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = new BufferedReader(new InputStreamReader(parent.getInputStream()))) {
      long pid = Long.parseLong(out.readLine());
      ProcessHandle child = ProcessHandle.of(pid).orElseThrow();
      assertThat(child.isAlive()).isTrue();

      // When
      parent.destroyForcibly();

      // Then
      Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> !child.isAlive());
    } finally {
      parent.destroyForcibly();
    }
  }
}
