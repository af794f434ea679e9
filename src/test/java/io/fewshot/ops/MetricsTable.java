package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The table of metrics in the documentation, and what services serve. */
public final class MetricsTable {

  private static final Path FILE = Path.of("topology-docs", "metrics.md");
  private static final Pattern NAME = Pattern.compile("`([a-z_0-9]+)`");
  private static final Pattern TYPE = Pattern.compile("^# TYPE (\\S+) (\\S+)$", Pattern.MULTILINE);

  /** Described as families. */
  private static final List<String> FAMILIES = List.of("jvm_", "process_", "system_");

  private final Map<String, Row> rows = new HashMap<>();

  /** A line of the table. */
  private record Row(String type, Set<String> services) {}

  /** Reads the table. */
  public MetricsTable() throws IOException {
    for (String line : Files.readAllLines(FILE)) {
      String[] cells = line.split("\\|", -1);
      if (cells.length < 6 || !cells[1].strip().startsWith("`")) {
        continue;
      }
      Matcher name = NAME.matcher(cells[1]);
      assertThat(name.find()).as(line).isTrue();
      Set<String> services =
          Arrays.stream(cells[cells.length - 3].split(","))
              .map(String::strip)
              .collect(Collectors.toSet());
      assertThat(services).as(line).isSubsetOf("stream", "trainer", "web");
      assertThat(rows.put(name.group(1), new Row(cells[2].strip(), services))).as(line).isNull();
    }
  }

  /** All names in it, with those that a summary and a histogram bring along. */
  public Set<String> series() {
    Set<String> series = new TreeSet<>();
    rows.forEach(
        (name, row) -> {
          series.add(name);
          if (row.type().equals("summary") || row.type().equals("histogram")) {
            List.of("_count", "_sum", "_max").forEach(end -> series.add(name + end));
          }
          if (row.type().equals("histogram")) {
            series.add(name + "_bucket");
          }
        });
    return series;
  }

  /**
   * Compares what a process serves with the table, both ways.
   *
   * @param services that run in the process and have done all they can count
   */
  public void assertDescribes(String scrape, String... services) {
    Map<String, String> served = served(scrape);
    Map<String, String> described = new HashMap<>();
    rows.forEach(
        (name, row) -> {
          if (Arrays.stream(services).anyMatch(row.services()::contains)) {
            described.put(name, row.type());
          }
        });
    assertThat(served)
        .as("what the table in %s says of %s", FILE, Arrays.toString(services))
        .containsAllEntriesOf(described);
    served.keySet().removeIf(name -> FAMILIES.stream().anyMatch(name::startsWith));
    assertThat(described.keySet())
        .as("the table in %s describes all that is served", FILE)
        .containsAll(served.keySet());
  }

  /** Names and types; the gauge of a greatest value belongs to its summary. */
  private static Map<String, String> served(String scrape) {
    Map<String, String> served = new HashMap<>();
    Matcher types = TYPE.matcher(scrape);
    while (types.find()) {
      served.put(types.group(1), types.group(2));
    }
    served
        .keySet()
        .removeIf(
            name ->
                name.endsWith("_max")
                    && Set.of("summary", "histogram")
                        .contains(served.getOrDefault(name.substring(0, name.length() - 4), "")));
    return served;
  }
}
