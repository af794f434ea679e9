package io.fewshot.cli;

import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Mixin;

/** A command that talks to a broker and a registry. */
abstract class ClusterCommand extends Command {

  @Mixin protected final ConnectionOptions connection = new ConnectionOptions();

  ClusterCommand(Console console) {
    super(console);
  }

  abstract int run(Cluster cluster) throws Exception;

  @Override
  final int run() throws Exception {
    check();
    try (Cluster cluster = new Cluster(connection.settings())) {
      try {
        return run(cluster);
      } catch (KafkaException e) {
        throw cluster.explain(e);
      }
    }
  }

  /** Refuses bad input before anything is asked. */
  void check() {}
}
