package io.fewshot.ops;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/** Sorts properties by the client that they are for. */
record ClientProperties(Map<String, String> values) {

  /** What the registry's client, or a serde in its place, is told. */
  private static final List<String> REGISTRYS =
      List.of(
          "schema.registry.",
          "basic.auth.",
          "bearer.auth.",
          "auto.register.schemas",
          "serde",
          "avro.",
          "use.latest.version",
          "latest.",
          "normalize.schemas",
          "specific.avro.reader",
          "key.subject.name.strategy",
          "value.subject.name.strategy");

  private static boolean isRegistrys(String name) {
    return REGISTRYS.stream().anyMatch(name::startsWith);
  }

  /** Those of the registry's client. */
  Map<String, String> registry() {
    Map<String, String> properties = new HashMap<>();
    values.forEach(
        (name, value) -> {
          if (isRegistrys(name)) {
            properties.put(name, value);
          }
        });
    return properties;
  }

  /** Those of any of Kafka's clients. */
  Map<String, String> kafka() {
    Map<String, String> properties = new HashMap<>();
    values.forEach(
        (name, value) -> {
          if (!name.startsWith(Settings.OURS) && !isRegistrys(name)) {
            properties.put(name, value);
          }
        });
    return properties;
  }

  /** What is for this kind of client: its own names, and those that no kind knows. */
  Map<String, Object> client(String prefix, Set<String> names) {
    Set<String> others = new HashSet<>();
    for (Collection<String> known :
        List.of(
            AdminClientConfig.configNames(),
            ConsumerConfig.configNames(),
            ProducerConfig.configNames())) {
      others.addAll(known);
    }
    Map<String, Object> properties = new HashMap<>();
    kafka()
        .forEach(
            (name, value) -> {
              boolean prefixed = name.matches("(admin|consumer|producer)\\..*");
              if (!prefixed && (names.contains(name) || !others.contains(name))) {
                properties.put(name, value);
              }
            });
    kafka()
        .forEach(
            (name, value) -> {
              if (name.startsWith(prefix)) {
                properties.put(name.substring(prefix.length()), value);
              }
            });
    return properties;
  }
}
