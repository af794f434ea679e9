package io.fewshot.cli;

import io.fewshot.ops.Health;
import io.fewshot.ops.HealthPages;
import io.fewshot.ops.HealthServer;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.stream.Engines;
import io.fewshot.stream.StreamService;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Answers and learns against a Kafka of yours. */
@picocli.CommandLine.Command(
    name = "stream",
    description = "Answers and learns, against your Kafka and registry, until Ctrl-C.",
    footer = {
      "",
      "Example: ./fewshot stream --bootstrap-servers kafka:9092 --schema-registry-url"
          + " http://registry:8081",
      "What is away (broker, registry, model) is waited for; /readyz says what that is."
    })
final class StreamCommand extends Command {

  @Mixin private final ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "Of /healthz, /readyz and /metrics; 0 for a free one (default: 8080).")
  private @Nullable Integer port;

  StreamCommand(Console console) {
    super(console);
  }

  @Override
  int run() {
    Settings settings =
        connection.settings(port == null ? Map.of() : Map.of(Settings.PORT, port.toString()));
    Health health = new Health();
    try (Steps steps = new Steps(console);
        Cluster cluster = new Cluster(settings);
        Metrics metrics = new Metrics();
        HealthServer server =
            Installation.serve(settings.port(), new HealthPages(health, metrics));
        Engines engines = StreamService.engines(settings, health, metrics, steps::download);
        StreamService stream =
            new StreamService(
                settings, cluster.topics(), cluster.codecs(), health, metrics, engines)) {
      stream.start();
      console.say("serving http://127.0.0.1:" + server.port() + "/readyz, Ctrl-C ends it");
      sayReadiness(health);
    } catch (StoppedException e) {
      console.say("stopped");
    }
    return DONE;
  }
}
