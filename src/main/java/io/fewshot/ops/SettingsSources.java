package io.fewshot.ops;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/** Reads settings from a file and from the environment, both into property names. */
final class SettingsSources {

  private static final String ENVIRONMENT = "FEWSHOT_";
  private static final String KAFKA = "FEWSHOT_KAFKA_";
  private static final String FROM_FILE = "_FILE";

  /** Variables that go by the name of the property, not of a setting of ours. */
  private static final Set<String> CLIENTS =
      Set.of("bootstrap.", "schema.registry.", "basic.auth.", "bearer.auth.", "auto.register.");

  private SettingsSources() {}

  /** A Java properties file in UTF-8. Unknown settings of ours in it are errors. */
  static Map<String, String> file(Path file) {
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      properties.load(in);
    } catch (NoSuchFileException e) {
      throw new SettingsException("there is no configuration file " + file);
    } catch (IOException | IllegalArgumentException e) {
      throw new SettingsException("cannot read the configuration file " + file + ": " + e);
    }
    Map<String, String> values = new HashMap<>();
    for (String name : properties.stringPropertyNames()) {
      if (name.startsWith(Settings.OURS) && !Settings.NAMES.contains(name)) {
        throw new SettingsException(
            file + ": unknown setting " + name + "; there are " + sorted(Settings.NAMES));
      }
      values.put(name, properties.getProperty(name).strip());
    }
    return values;
  }

  private static String sorted(Set<String> names) {
    return String.join(", ", names.stream().sorted().toList());
  }

  /**
   * The variables that begin with {@code FEWSHOT_}: {@code FEWSHOT_KAFKA_SECURITY_PROTOCOL} is
   * {@code security.protocol}, {@code FEWSHOT_TOPIC_PREFIX} is {@code fewshot.topic.prefix}; those
   * that name no setting are left to whoever they are for. With {@code _FILE} at its end a variable
   * names a file that holds the value, as mounted secrets do.
   */
  static Map<String, String> environment(Map<String, String> environment) {
    Map<String, String> values = new HashMap<>();
    environment.forEach(
        (variable, value) -> {
          if (!variable.startsWith(ENVIRONMENT) || value.isEmpty()) {
            return;
          }
          if (variable.endsWith(FROM_FILE) && !isClientProperty(property(variable))) {
            String name = property(variable.substring(0, variable.length() - FROM_FILE.length()));
            if (known(name, variable)) {
              values.put(name, secret(variable, value));
            }
            return;
          }
          String name = property(variable);
          if (known(name, variable)) {
            values.put(name, value);
          }
        });
    return values;
  }

  private static boolean known(String name, String variable) {
    return !name.startsWith(Settings.OURS)
        || Settings.NAMES.contains(name)
        || variable.startsWith(KAFKA);
  }

  /** Kafka has properties of its own that end in {@code .file}. */
  private static boolean isClientProperty(String name) {
    return ConsumerConfig.configNames().contains(name)
        || ProducerConfig.configNames().contains(name)
        || AdminClientConfig.configNames().contains(name);
  }

  private static String property(String variable) {
    if (variable.startsWith(KAFKA)) {
      return dotted(variable.substring(KAFKA.length()));
    }
    String name = dotted(variable.substring(ENVIRONMENT.length()));
    return CLIENTS.stream().anyMatch(name::startsWith) ? name : Settings.OURS + name;
  }

  private static String dotted(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '.');
  }

  private static String secret(String variable, String file) {
    try {
      return Files.readString(Path.of(file), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new SettingsException(variable + ": cannot read the file " + file);
    }
  }
}
