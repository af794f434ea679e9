package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What containers, chart and dashboards say must exist in the application. */
class DeploymentTest {

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final Path CHART = Path.of("helm", "fewshot-streams");
  private static final Path DOCKER = Path.of("docker");
  private static final Pattern VARIABLE = Pattern.compile("FEWSHOT_[A-Z_]*[A-Z]");
  private static final Pattern SERIES =
      Pattern.compile("\\b(?:fewshot|kafka|jvm|process|system)_[a-z0-9_]+\\b");

  /** Not settings: read by the launcher, the directories, the page; or by Docker Compose itself. */
  private static final Set<String> OTHER_VARIABLES =
      Set.of(
          "FEWSHOT_JAVA_OPTIONS",
          "FEWSHOT_CACHE",
          "FEWSHOT_SHIPPED_MODELS",
          "FEWSHOT_BOOTSTRAP_SERVERS",
          "FEWSHOT_SCHEMA_REGISTRY_URL",
          "FEWSHOT_KAFKA",
          "FEWSHOT_IMAGE",
          "FEWSHOT_USERS_FILE");

  /** The chart sets these itself. */
  private static final Set<String> OF_THE_CHART =
      Set.of(Settings.PORT, Settings.MANAGEMENT_PORT, Settings.STATE_DIR);

  @Test
  void everyVariableIsRead() throws IOException {
    Set<String> read = new TreeSet<>(OTHER_VARIABLES);
    Settings.NAMES.forEach(name -> read.add(name.toUpperCase(Locale.ROOT).replace('.', '_')));

    Set<String> used = new TreeSet<>();
    for (Path file : files()) {
      Matcher variable = VARIABLE.matcher(Files.readString(file));
      while (variable.find()) {
        used.add(variable.group());
      }
    }

    assertThat(used).contains("FEWSHOT_PORT", "FEWSHOT_JAVA_OPTIONS").isSubsetOf(read);
  }

  @Test
  void theChartTakesEverySetting() throws IOException {
    JsonNode schema = new ObjectMapper().readTree(CHART.resolve("values.schema.json").toFile());

    Set<String> taken = new TreeSet<>();
    schema
        .at("/properties/settings/properties")
        .fieldNames()
        .forEachRemaining(name -> taken.add(Settings.OURS + name));

    assertThat(taken)
        .as("settings in the chart's values.schema.json; a new one belongs there")
        .isEqualTo(
            Settings.NAMES.stream()
                .filter(name -> !OF_THE_CHART.contains(name))
                .collect(Collectors.toCollection(TreeSet::new)));
  }

  @Test
  void whatTheChartSetsArrivesAsSettings() {
    Map<String, String> environment =
        Map.of(
            "FEWSHOT_BOOTSTRAP_SERVERS", "kafka:9092",
            "FEWSHOT_SCHEMA_REGISTRY_URL", "http://registry:8081",
            "FEWSHOT_TRAINER_HOLDOUT", "7",
            "FEWSHOT_KAFKA_SECURITY_PROTOCOL", "SASL_SSL",
            "FEWSHOT_BASIC_AUTH_CREDENTIALS_SOURCE", "USER_INFO");

    Settings settings = Settings.load(Map.of(), null, environment);

    assertThat(settings.trainerHoldout()).isEqualTo(7);
    assertThat(settings.consumer()).containsEntry("security.protocol", "SASL_SSL");
    assertThat(settings.registry()).containsEntry("basic.auth.credentials.source", "USER_INFO");
  }

  @Test
  void dashboardAndAlertsLookAtWhatIsServed() throws IOException {
    Set<String> served = new MetricsTable().series();
    List<String> expressions = new ArrayList<>();
    JsonNode dashboard =
        new ObjectMapper().readTree(DOCKER.resolve("grafana/dashboards/fewshot.json").toFile());
    dashboard.findValues("expr").forEach(expression -> expressions.add(expression.asText()));
    dashboard.findValues("query").forEach(query -> expressions.add(query.toString()));
    int panels = expressions.size();
    YAML.readTree(DOCKER.resolve("prometheus/alerts.yml").toFile())
        .findValues("expr")
        .forEach(expression -> expressions.add(expression.asText()));

    Set<String> asked = new TreeSet<>();
    for (String expression : expressions) {
      Matcher series = SERIES.matcher(expression);
      while (series.find()) {
        asked.add(series.group());
      }
    }

    assertThat(panels).isGreaterThan(20);
    assertThat(expressions).hasSizeGreaterThan(panels + 5);
    assertThat(asked).contains("fewshot_messages_total").isSubsetOf(served);
  }

  @Test
  void composeStartsWhatTheProjectIsBuiltWith() throws IOException {
    JsonNode compose = YAML.readTree(Path.of("docker-compose.yml").toFile());
    String pom = Files.readString(Path.of("pom.xml"));

    assertThat(compose.at("/services/kafka/image").asText())
        .isEqualTo("apache/kafka:" + property(pom, "kafka.version"));
    assertThat(compose.at("/services/registry/image").asText())
        .endsWith(":" + property(pom, "apicurio.version"));
    compose
        .at("/services")
        .forEach(
            service ->
                service
                    .path("ports")
                    .forEach(port -> assertThat(port.asText()).startsWith("127.0.0.1:")));
    assertThat(compose.at("/services/web/command").toString()).contains("--users");
    String management =
        compose.at("/services/web/environment").path("FEWSHOT_MANAGEMENT_PORT").asText();
    assertThat(Files.readString(DOCKER.resolve("prometheus/prometheus.yml")))
        .contains("[web:" + management + "]");
    assertThat(compose.at("/services/web/ports").toString()).doesNotContain(management);
  }

  private static String property(String pom, String name) {
    Matcher value = Pattern.compile("<" + Pattern.quote(name) + ">([^<]+)<").matcher(pom);
    assertThat(value.find()).as(name).isTrue();
    return value.group(1);
  }

  private static List<Path> files() throws IOException {
    List<Path> files =
        new ArrayList<>(List.of(Path.of("Dockerfile"), Path.of("docker-compose.yml")));
    for (Path directory : List.of(CHART, DOCKER)) {
      try (Stream<Path> found = Files.walk(directory)) {
        found.filter(Files::isRegularFile).forEach(files::add);
      }
    }
    return files;
  }
}
