package io.fewshot.prompt;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a task definition from YAML, strictly: what it does not know is an error, because a
 * misspelled key that is silently ignored would change how customers are answered.
 */
public final class TaskYaml {

  public static final String DEFAULT_MODEL = "smollm2-135m-instruct";

  /** A definition is read by every instance on every start: a megabyte of YAML is a mistake. */
  private static final int MAX_CHARACTERS = 1_000_000;

  /** The name is half of the key `task/example_id` and part of file names. */
  private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,127}");

  private static final int MAX_EXAMPLES = 200;
  private static final int MAX_LABELERS = 9;

  private static final List<Rung> RUNGS =
      List.of(Rung.NEIGHBOURS, Rung.HEAD, Rung.FEW_SHOT, Rung.FINE_TUNED);

  private static final Set<String> KEYS =
      Set.of(
          "task",
          "kind",
          "instruction",
          "language",
          "labels",
          "examples",
          "promise",
          "start",
          "rungs",
          "audit",
          "agreement",
          "model");

  private final YAMLMapper yaml =
      YAMLMapper.builder(
              YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final YAMLMapper written = new YAMLMapper(new WrittenYaml());

  /**
   * Reads one definition.
   *
   * @throws InvalidTaskException when it cannot be used
   */
  public TaskDefinition parse(String text) {
    if (text.length() > MAX_CHARACTERS) {
      throw new InvalidTaskException(
          "the definition has %,d characters; at most %,d are allowed"
              .formatted(text.length(), MAX_CHARACTERS));
    }
    JsonNode root = read(yaml, text);
    if (!root.isObject()) {
      throw new InvalidTaskException("a task definition is a map that starts with `task: NAME`");
    }
    onlyKeys(root, KEYS, "");
    Kind kind = choice(root, "kind", Kind.CLASSIFY, Kind.class);
    JsonNode names = read(written, text);
    Map<String, String> labels = labels(names.path("labels"), kind);
    return new TaskDefinition(
        name(names),
        kind,
        required(names, "instruction"),
        choice(root, "language", Language.AUTO, Language.class),
        labels,
        examples(root.path("examples")),
        promise(root.path("promise")),
        choice(root, "start", TaskDefinition.Start.PROVISIONAL, TaskDefinition.Start.class),
        rungs(root.path("rungs")),
        number(root.path("audit"), "audit", 0.02, 0, 1),
        whole(root.path("agreement"), "agreement", 0, 1, MAX_LABELERS),
        names.has("model") ? required(names, "model") : DEFAULT_MODEL);
  }

  private static JsonNode read(YAMLMapper mapper, String text) {
    try {
      return mapper.readTree(text);
    } catch (JsonProcessingException e) {
      String where =
          e.getLocation() == null
              ? ""
              : "line %d: ".formatted(Math.max(1, e.getLocation().getLineNr()));
      String what = e.getOriginalMessage().lines().findFirst().orElse("cannot be read");
      throw new InvalidTaskException("not valid YAML: " + where + what);
    }
  }

  private static String name(JsonNode root) {
    String name = required(root, "task");
    if (!NAME.matcher(name).matches()) {
      throw new InvalidTaskException(
          "task `%s`: a name has letters, digits, `.`, `_` and `-` only, and at most 128 of them"
              .formatted(name));
    }
    return name;
  }

  private static Map<String, String> labels(JsonNode node, Kind kind) {
    Map<String, String> labels = new LinkedHashMap<>();
    if (absent(node)) {
      return labels;
    }
    if (kind != Kind.CLASSIFY) {
      throw new InvalidTaskException("`labels` belong to `kind: classify` only");
    }
    if (node.isObject()) {
      node.properties().forEach(e -> add(labels, e.getKey(), description(e.getValue())));
    } else if (node.isArray()) {
      for (JsonNode label : node) {
        add(labels, scalar(label, "labels"), "");
      }
    } else {
      throw new InvalidTaskException("`labels` is a map from label to description, or a list");
    }
    if (labels.isEmpty() || labels.containsKey("")) {
      throw new InvalidTaskException("`labels` has none, or one without a name");
    }
    return labels;
  }

  private static void add(Map<String, String> labels, String written, String description) {
    String label = LabelText.of(written);
    if (labels.put(label, description) != null) {
      throw new InvalidTaskException("label `%s` stands twice".formatted(label));
    }
  }

  private static String description(JsonNode node) {
    return absent(node) ? "" : scalar(node, "labels");
  }

  private static TaskDefinition.Examples examples(JsonNode node) {
    if (absent(node)) {
      return new TaskDefinition.Examples(8, Selection.HYBRID);
    }
    onlyKeys(node, Set.of("k", "select"), "examples.");
    return new TaskDefinition.Examples(
        whole(node.path("k"), "examples.k", 8, 0, MAX_EXAMPLES),
        choice(node, "select", Selection.HYBRID, Selection.class));
  }

  private static Promise promise(JsonNode node) {
    if (absent(node)) {
      return new Promise.Accuracy(0.95);
    }
    Map<String, Function<Double, Promise>> promises =
        Map.of(
            "accuracy", Promise.Accuracy::new,
            "share", Promise.Share::new,
            "cost_ms", Promise.CostMs::new,
            "confidence", Promise.Confidence::new);
    onlyKeys(node, promises.keySet(), "promise.");
    if (node.size() != 1) {
      throw new InvalidTaskException(
          "`promise` has exactly one of accuracy, share, cost_ms, confidence");
    }
    String key = node.fieldNames().next();
    double most = key.equals("cost_ms") ? 1e9 : 1;
    double value = number(node.path(key), "promise." + key, 0, 0, most);
    return promises.getOrDefault(key, Promise.Accuracy::new).apply(value);
  }

  private static List<Rung> rungs(JsonNode node) {
    if (absent(node)) {
      return RUNGS;
    }
    Set<Rung> chosen = EnumSet.noneOf(Rung.class);
    if (!node.isArray() || node.isEmpty()) {
      throw new InvalidTaskException("`rungs` is a list; known are " + knownRungs());
    }
    for (JsonNode entry : node) {
      String label = scalar(entry, "rungs");
      Rung rung =
          Rung.ofLabel(label)
              .filter(RUNGS::contains)
              .orElseThrow(
                  () ->
                      new InvalidTaskException(
                          "unknown rung `%s`; known are %s".formatted(label, knownRungs())));
      chosen.add(rung);
    }
    // Always in order of cost, whatever the order in which they were written.
    return List.copyOf(chosen);
  }

  private static String knownRungs() {
    return RUNGS.stream().map(Rung::label).collect(joining(", "));
  }

  private static int whole(JsonNode node, String key, int fallback, int least, int most) {
    double value = number(node, key, fallback, least, most);
    if (value != Math.rint(value)) {
      throw new InvalidTaskException("`%s` is a whole number".formatted(key));
    }
    return (int) value;
  }

  private static double number(
      JsonNode node, String key, double fallback, double least, double most) {
    if (absent(node)) {
      return fallback;
    }
    if (!node.isNumber() || node.asDouble() < least || node.asDouble() > most) {
      throw new InvalidTaskException(
          "`%s` is a number from %s to %s".formatted(key, plain(least), plain(most)));
    }
    return node.asDouble();
  }

  private static String plain(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  private static <E extends Enum<E>> E choice(
      JsonNode root, String key, E fallback, Class<E> type) {
    JsonNode node = root.path(key);
    if (absent(node)) {
      return fallback;
    }
    String value = scalar(node, key);
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> lower(constant).equals(value))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidTaskException(
                    "unknown %s `%s`; known are %s"
                        .formatted(
                            key,
                            value,
                            Arrays.stream(type.getEnumConstants())
                                .map(TaskYaml::lower)
                                .collect(joining(", ")))));
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static String required(JsonNode root, String key) {
    JsonNode node = root.path(key);
    String value = absent(node) ? "" : scalar(node, key).strip();
    if (value.isEmpty()) {
      throw new InvalidTaskException("`%s` is required".formatted(key));
    }
    return value;
  }

  private static String scalar(JsonNode node, String key) {
    if (!node.isValueNode() || node.isNull()) {
      throw new InvalidTaskException(
          "`%s` holds something that is not plain text: put it in quotes".formatted(key));
    }
    return node.asText();
  }

  private static void onlyKeys(JsonNode node, Set<String> known, String prefix) {
    if (!node.isObject()) {
      throw new InvalidTaskException(
          "`%s` is a map; known keys are %s"
              .formatted(prefix.substring(0, prefix.length() - 1), sorted(known)));
    }
    node.fieldNames()
        .forEachRemaining(
            key -> {
              if (!known.contains(key)) {
                throw new InvalidTaskException(
                    "unknown key `%s%s`; known are %s".formatted(prefix, key, sorted(known)));
              }
            });
  }

  private static String sorted(Set<String> names) {
    return names.stream().sorted().collect(joining(", "));
  }

  private static boolean absent(@Nullable JsonNode node) {
    return node == null || node.isMissingNode() || node.isNull();
  }
}
