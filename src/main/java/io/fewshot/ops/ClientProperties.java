package io.fewshot.ops;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

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

  /** Which of its clients, or what else, Kafka Streams gives a property with such a prefix to. */
  private static final Pattern PREFIXED =
      Pattern.compile(
          "(admin|consumer|producer|main\\.consumer|restore\\.consumer|global\\.consumer|topic"
              + "|client\\.tag)\\..*");

  /**
   * Names of Kafka Streams' that a plain consumer has too, where it means another thing: which
   * protocol the applications' groups speak says nothing about who has no group, or one of another
   * kind.
   */
  private static final Set<String> STREAMS_ALONE =
      Set.of(ConsumerConfig.GROUP_PROTOCOL_CONFIG, ConsumerConfig.GROUP_REMOTE_ASSIGNOR_CONFIG);

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

  /**
   * What is for this kind of client: its own names, and those that no kind knows, Kafka Streams
   * included.
   */
  Map<String, Object> client(String prefix, Set<String> names) {
    Set<String> others = new HashSet<>();
    for (Collection<String> known :
        List.of(
            AdminClientConfig.configNames(),
            ConsumerConfig.configNames(),
            ProducerConfig.configNames(),
            StreamsConfig.configDef().names())) {
      others.addAll(known);
    }
    Map<String, Object> properties = new HashMap<>();
    kafka()
        .forEach(
            (name, value) -> {
              if (!PREFIXED.matcher(name).matches()
                  && !STREAMS_ALONE.contains(name)
                  && (names.contains(name) || !others.contains(name))) {
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
