package io.fewshot.cli;

import java.util.Arrays;
import java.util.Set;

/**
 * How much is logged, which {@code logback.xml} reads from system properties; to be called before
 * anything logs.
 */
final class Logs {

  /** Those on a Kafka of yours: whoever runs them wants to know what the clients complain of. */
  private static final Set<String> SERVICES = Set.of("stream");

  private Logs() {}

  static void configure(String[] arguments) {
    boolean service = Arrays.stream(arguments).anyMatch(SERVICES::contains);
    boolean debug = Main.debugs(arguments);
    level("fewshot.log.level", debug ? "INFO" : "WARN");
    // A broker that is away is said by the service itself, once.
    level("fewshot.log.network", debug ? "WARN" : "ERROR");
    level("fewshot.log.clients", debug || service ? "WARN" : "OFF");
  }

  private static void level(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
