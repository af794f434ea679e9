package io.fewshot.cli;

import io.fewshot.ops.BrokerWatch;
import io.fewshot.ops.Health;
import io.fewshot.ops.HealthPages;
import io.fewshot.ops.HealthServer;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.stream.Engines;
import io.fewshot.stream.StreamService;
import picocli.CommandLine.Mixin;

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

  @Mixin private final ServiceOptions options = new ServiceOptions();

  StreamCommand(Console console) {
    super(console);
  }

  @Override
  int run() {
    Settings settings = options.settings();
    Health health = new Health();
    try (Steps steps = new Steps(console);
        Cluster cluster = new Cluster(settings);
        Metrics metrics = new Metrics();
        HealthServer server =
            Installation.serve(settings.port(), new HealthPages(health, metrics));
        BrokerWatch broker = BrokerWatch.start(settings, health);
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
