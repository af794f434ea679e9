package io.fewshot.cli;

import io.fewshot.ops.BrokerWatch;
import io.fewshot.ops.Health;
import io.fewshot.ops.HealthPages;
import io.fewshot.ops.HealthServer;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.training.TrainerService;
import picocli.CommandLine.Mixin;

/** Turns the data set into releases. */
@picocli.CommandLine.Command(
    name = "trainer",
    description = "Trains when it is asked, or when enough was learned, until Ctrl-C.",
    footer = {
      "",
      "Example: ./fewshot trainer --port 8081",
      "A candidate is released only if it is better than what serves: see ./fewshot releases.",
      "fewshot.trainer.examples (200), fewshot.trainer.every (such as PT6H) and",
      "fewshot.trainer.holdout (100) are settings for --config; so are fewshot.trainer.lora.rank (8),",
      "lora.modules (all), lora.epochs and lora.rate (1000 millionths) for --method lora."
    })
final class TrainerCommand extends Command {

  @Mixin private final ServiceOptions options = new ServiceOptions();

  TrainerCommand(Console console) {
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
        TrainerService trainer =
            new TrainerService(
                settings,
                cluster.topics(),
                cluster.codecs(),
                health,
                metrics,
                (task, method, step, done) ->
                    steps.at(task + " " + method + ": " + step, Math.round(100 * done), 100))) {
      trainer.start();
      console.say("serving http://127.0.0.1:" + server.port() + "/readyz, Ctrl-C ends it");
      sayReadiness(health);
    } catch (StoppedException e) {
      console.say("stopped");
    }
    return DONE;
  }
}
