package io.fewshot.cli;

import io.fewshot.event.Topics;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where to connect. */
final class ConnectionOptions {

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description = "Kafka's brokers. Otherwise: --config, environment, the running `up`.")
  private @Nullable String bootstrapServers;

  @Option(
      names = "--schema-registry-url",
      paramLabel = "URL",
      description = "The schema registry's base URL.")
  private @Nullable String schemaRegistryUrl;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Properties of Kafka's clients and of the registry's.")
  private @Nullable String config;

  @Option(
      names = "--topic-prefix",
      paramLabel = "PREFIX",
      description = "What the names of all topics begin with (default: fewshot.).")
  private @Nullable String topicPrefix;

  /** A connection as the options say; nothing is asked yet. */
  Cluster cluster() {
    Map<String, String> properties = new HashMap<>();
    if (bootstrapServers != null) {
      properties.put("bootstrap.servers", bootstrapServers);
    }
    if (schemaRegistryUrl != null) {
      properties.put("schema.registry.url", schemaRegistryUrl);
    }
    String prefix = topicPrefix == null ? Topics.DEFAULT_PREFIX : topicPrefix;
    return new Cluster(properties, Topics.of(prefix, Topics.DEFAULT_PARTITIONS));
  }
}
