package io.fewshot.cli;

import io.fewshot.ops.Settings;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where to connect. */
final class ConnectionOptions {

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description = "Kafka's brokers. Otherwise: --config, the environment, the running `up`.")
  private @Nullable String bootstrapServers;

  @Option(
      names = "--schema-registry-url",
      paramLabel = "URL",
      description = "The schema registry's base URL.")
  private @Nullable String schemaRegistryUrl;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Properties of Kafka's clients, of the registry's, and our own.")
  private @Nullable Path config;

  @Option(
      names = "--topic-prefix",
      paramLabel = "PREFIX",
      description = "What the names of all topics begin with (default: fewshot.).")
  private @Nullable String topicPrefix;

  /** The settings of this run, of which these options are the first source. */
  Settings settings() {
    return settings(Map.of());
  }

  /** The same with more flags. */
  Settings settings(Map<String, String> more) {
    Map<String, String> flags = new HashMap<>(more);
    put(flags, Settings.BOOTSTRAP, bootstrapServers);
    put(flags, Settings.REGISTRY, schemaRegistryUrl);
    put(flags, Settings.TOPIC_PREFIX, topicPrefix);
    return Settings.load(flags, config, System.getenv());
  }

  private static void put(Map<String, String> flags, String name, @Nullable String value) {
    if (value != null) {
      flags.put(name, value);
    }
  }
}
