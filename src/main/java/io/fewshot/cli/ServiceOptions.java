package io.fewshot.cli;

import io.fewshot.ops.Settings;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a service without a page is told: where to connect, and where it tells of itself. */
final class ServiceOptions {

  @Mixin private final ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "Of /healthz, /readyz and /metrics; 0 for a free one (default: 8080).")
  private @Nullable Integer port;

  Settings settings() {
    return connection.settings(port == null ? Map.of() : Map.of(Settings.PORT, port.toString()));
  }
}
