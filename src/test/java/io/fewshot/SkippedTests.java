package io.fewshot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Says at the end of a build which kinds of tests were skipped and what brings what they need:
 * {@code SkippedTests TARGET [fail]}. With {@code fail} a skipped test is a failure, unless {@code
 * .ci/may-skip} names it. Needs nothing but the JDK.
 */
public final class SkippedTests {

  private static final Map<String, String> KINDS =
      Map.of(
          "LabelingIT", "the page in a browser: .ci/install browser",
          "AccessibilityIT", "the page in a browser: .ci/install browser",
          "HelmChartIT", "the chart: .ci/install helm",
          "PeftIT", "adapters in Python's peft: .ci/install python",
          "DatasetIT", "the data set in Python's datasets: .ci/install python",
          "EndToEndIT", "a client in Python: .ci/install python",
          "EndToEndContainersIT", "containers: .ci/install containers");

  private static final Pattern SKIPPED =
      Pattern.compile(
          "<testcase [^>]*classname=\"([^\"]*)\"[^>]*>\\s*<skipped(?: message=\"([^\"]*)\")?");

  private SkippedTests() {}

  public static void main(String[] arguments) throws Exception {
    Path target = Path.of(arguments[0]);
    Map<String, Integer> skipped = new TreeMap<>();
    for (String reports : List.of("surefire-reports", "failsafe-reports")) {
      count(target.resolve(reports), skipped);
    }
    Map<String, Integer> kinds = new TreeMap<>();
    skipped.forEach((test, count) -> kinds.merge(kind(test), count, Integer::sum));
    kinds.forEach(
        (kind, count) ->
            System.out.println(
                "not tested (%d %s): %s".formatted(count, count == 1 ? "test" : "tests", kind)));
    if (arguments.length > 1 && arguments[1].equals("fail")) {
      Set<String> allowed = allowed(Path.of(".ci", "may-skip"));
      List<String> wrong =
          skipped.keySet().stream()
              .filter(test -> !allowed.contains(test.replaceAll(":.*", "")))
              .toList();
      if (!wrong.isEmpty()) {
        System.err.println("skipped, and .ci/may-skip does not name them: " + wrong);
        System.exit(1);
      }
    }
  }

  private static String kind(String test) {
    String[] parts = test.split(":", 2);
    return KINDS.getOrDefault(parts[0], parts[0] + ": " + parts[1]);
  }

  /** The reports hold what tests printed, which may be no XML: so a pattern and no parser. */
  private static void count(Path reports, Map<String, Integer> skipped) throws IOException {
    if (!Files.isDirectory(reports)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(reports, "TEST-*.xml")) {
      for (Path file : files) {
        Matcher found =
            SKIPPED.matcher(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
        while (found.find()) {
          String name = found.group(1).replaceAll(".*\\.", "");
          String why = found.group(2) == null ? "" : found.group(2);
          skipped.merge(name + ":" + why, 1, Integer::sum);
        }
      }
    }
  }

  private static Set<String> allowed(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .map(line -> line.split("\\s+", 2)[0])
        .collect(Collectors.toSet());
  }
}
