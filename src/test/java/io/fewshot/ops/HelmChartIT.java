package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fewshot.InstalledTools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The chart, as Helm itself lints and renders it; skipped where there is no Helm. */
@EnabledIf(value = "isHelmThere", disabledReason = "no helm: the chart is not linted")
class HelmChartIT {

  private static final String CHART = "helm/fewshot-streams";
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  @TempDir static Path folder;

  private record Run(int status, String output) {}

  static boolean isHelmThere() {
    return InstalledTools.helm().isPresent();
  }

  @ParameterizedTest
  @ValueSource(strings = {"minimal", "secure", "gpu"})
  void itLintsAndRenders(String values) throws Exception {
    Run lint = helm("lint", "--strict", "--values", file(values), CHART);
    assertThat(lint.status()).as(lint.output()).isZero();

    for (Map.Entry<String, JsonNode> pod : pods(render(values)).entrySet()) {
      String name = pod.getKey();
      JsonNode spec = pod.getValue();
      assertThat(spec.path("automountServiceAccountToken").asBoolean(true)).as(name).isFalse();
      assertThat(spec.path("enableServiceLinks").asBoolean(true)).as(name).isFalse();
      assertThat(spec.at("/securityContext/runAsNonRoot").asBoolean()).as(name).isTrue();
      assertThat(spec.at("/securityContext/seccompProfile/type").asText())
          .as(name)
          .isEqualTo("RuntimeDefault");
      List<JsonNode> containers = new ArrayList<>();
      spec.path("containers").forEach(containers::add);
      spec.path("initContainers").forEach(containers::add);
      assertThat(containers).isNotEmpty();
      Set<String> volumes = names(spec.path("volumes"));
      volumes.add("data"); // of the claims of a StatefulSet
      for (JsonNode container : containers) {
        JsonNode security = container.path("securityContext");
        assertThat(security.path("readOnlyRootFilesystem").asBoolean()).as(name).isTrue();
        assertThat(security.path("allowPrivilegeEscalation").asBoolean(true)).as(name).isFalse();
        assertThat(security.at("/capabilities/drop/0").asText()).as(name).isEqualTo("ALL");
        assertThat(container.at("/resources/limits/memory").asText()).as(name).isNotEmpty();
        assertThat(volumes).as(name).containsAll(names(container.path("volumeMounts")));
      }
    }
  }

  @Test
  void secretsArriveAsFilesAndNotAsValues() throws Exception {
    String rendered = render("secure");
    JsonNode stream = pods(rendered).get("StatefulSet rel-fewshot-streams-stream");
    Map<String, String> environment = new TreeMap<>();
    stream
        .at("/containers/0/env")
        .forEach(
            entry -> environment.put(entry.path("name").asText(), entry.path("value").asText()));

    assertThat(environment)
        .containsEntry("FEWSHOT_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
        .containsEntry("FEWSHOT_KAFKA_SASL_JAAS_CONFIG_FILE", "/etc/fewshot/kafka/jaas")
        .containsEntry("FEWSHOT_BASIC_AUTH_USER_INFO_FILE", "/etc/fewshot/registry/user-info")
        .containsEntry("FEWSHOT_TOPIC_PREFIX", "shop.")
        .containsEntry("FEWSHOT_PARTITIONS", "12");
    // The application understands them all: the files are stood in for.
    Path secret = Files.writeString(folder.resolve("secret"), "hidden");
    environment.replaceAll((name, value) -> name.endsWith("_FILE") ? secret.toString() : value);
    Settings settings = Settings.load(Map.of(), null, environment);
    assertThat(settings.consumer()).containsEntry("sasl.jaas.config", "hidden");
    assertThat(settings.registry()).containsEntry("basic.auth.user.info", "hidden");
    assertThat(settings.topicPrefix()).isEqualTo("shop.");
    assertThat(settings.partitions()).isEqualTo(12);
    assertThat(rendered).doesNotContain("kind: Secret");
  }

  @Test
  void aGpuIsAskedForWithItsImage() throws Exception {
    JsonNode stream = pods(render("gpu")).get("StatefulSet rel-fewshot-streams-stream");

    assertThat(stream.at("/containers/0/image").asText()).endsWith("-gpu");
    assertThat(stream.at("/containers/0/resources/limits").path("nvidia.com/gpu").asInt())
        .isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "settings.topicPrefix=shop.",
        "web.agreement=0",
        "schemaRegistry.url=registry:8081",
        "stream.replica=3"
      })
  void whatMakesNoSenseIsRefused(String value) throws Exception {
    Run run = template("minimal", "--set", value);

    assertThat(run.status()).isNotZero();
    assertThat(run.output().toLowerCase(Locale.ROOT)).contains("schema");
  }

  private static Set<String> names(JsonNode named) {
    Set<String> names = new TreeSet<>();
    named.forEach(entry -> names.add(entry.path("name").asText()));
    return names;
  }

  private static String file(String values) {
    return CHART + "/ci/" + values + "-values.yaml";
  }

  private static String render(String values) throws Exception {
    Run run = template(values);
    assertThat(run.status()).as(run.output()).isZero();
    return run.output();
  }

  private static Run template(String values, String... more) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of("template", "rel", CHART, "--kube-version", "1.30.0", "-f", file(values)));
    arguments.addAll(List.of(more));
    return helm(arguments.toArray(String[]::new));
  }

  /** Specifications of all pods, by kind and name of what makes them. */
  private static Map<String, JsonNode> pods(String rendered) throws IOException {
    Map<String, JsonNode> pods = new TreeMap<>();
    try (Stream<JsonNode> objects =
        YAML.readerFor(JsonNode.class).<JsonNode>readValues(rendered).readAll().stream()) {
      objects
          .filter(object -> object.at("/spec/template/spec").isObject())
          .forEach(
              object ->
                  pods.put(
                      object.path("kind").asText() + " " + object.at("/metadata/name").asText(),
                      object.at("/spec/template/spec")));
    }
    assertThat(pods).isNotEmpty();
    return pods;
  }

  private static Run helm(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(InstalledTools.helm().orElseThrow().toString()));
    command.addAll(List.of(arguments));
    Path output = Files.createTempFile(folder, "helm", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!process.waitFor(1, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IllegalStateException("helm does not end: " + command);
    }
    return new Run(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
  }
}
