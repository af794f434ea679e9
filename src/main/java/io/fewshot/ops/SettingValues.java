package io.fewshot.ops;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Settings by their names, read as what they are. Immutable. Every reader throws {@link
 * SettingsException}, naming the setting, when its value makes no sense.
 */
final class SettingValues {

  private final Map<String, String> values;

  SettingValues(Map<String, String> values) {
    this.values = Map.copyOf(values);
  }

  Map<String, String> all() {
    return values;
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  Optional<String> find(String name) {
    return Optional.ofNullable(values.get(name));
  }

  /**
   * A value that must be there.
   *
   * @param otherwise what to say when it is not
   */
  String required(String name, String otherwise) {
    return find(name)
        .filter(value -> !value.isBlank())
        .orElseThrow(() -> new SettingsException(otherwise));
  }

  String text(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  /** Parts between commas; empty without a value. */
  List<String> list(String name) {
    return Arrays.stream(text(name, "").split(","))
        .map(String::strip)
        .filter(part -> !part.isEmpty())
        .toList();
  }

  /** One of several words, in lower case. */
  String choice(String name, String otherwise, String pattern, String choices) {
    String value = text(name, otherwise).toLowerCase(Locale.ROOT);
    if (!value.matches(pattern)) {
      throw new SettingsException(name + " must be " + choices + ", not " + value);
    }
    return value;
  }

  int number(String name, int otherwise, int least, int most) {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(value.strip());
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new SettingsException(
        name + " must be a whole number from " + least + " to " + most + ", not " + value);
  }

  /** As ISO 8601 has it, longer than nothing; empty without a value. */
  Optional<Duration> duration(String name) {
    String value = text(name, "").strip();
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      Duration duration = Duration.parse(value);
      if (!duration.isNegative() && !duration.isZero()) {
        return Optional.of(duration);
      }
    } catch (DateTimeParseException e) {
      // Said below.
    }
    throw new SettingsException(name + " must be a duration such as PT6H or P1D, not " + value);
  }

  /** All of them for people to read, without what is secret. */
  Map<String, String> shown() {
    Map<String, String> shown = new TreeMap<>();
    values.forEach((name, value) -> shown.put(name, shown(name, value)));
    return shown;
  }

  private static String shown(String name, String value) {
    if (name.matches("(?i).*(password|secret|token|user\\.info|jaas|\\.key|credential).*")) {
      return "***";
    }
    return value.replaceAll("//[^/@,]*@", "//***@");
  }
}
