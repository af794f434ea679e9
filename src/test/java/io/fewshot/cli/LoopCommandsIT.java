package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code demo} and {@code simulate} as a user calls them, all parts real, on a few messages of the
 * shipped task; without the language model, which other tests run.
 */
class LoopCommandsIT {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path SHIPPED = Path.of("tasks");
  private static final int MESSAGES = 36;

  @TempDir Path folder;

  private final RecordingConsole console = new RecordingConsole("");
  private String task = "";
  private String messages = "";
  private String examples = "";

  @BeforeEach
  void files() throws IOException {
    task = folder.resolve("task.yaml").toString();
    Files.writeString(
        Path.of(task),
        Files.readString(SHIPPED.resolve("support-intent.yaml"))
            + "\nrungs: [neighbours, head]\naudit: 0\n");
    messages = some("support-intent.messages.csv", 1, MESSAGES);
    // Every fourth, so that every label has a few and much goes to people.
    examples = some("support-intent.examples.csv", 4, 100);
  }

  private String some(String name, int every, int most) throws IOException {
    List<String> lines = Files.readAllLines(SHIPPED.resolve(name));
    List<String> taken =
        IntStream.range(0, lines.size())
            .filter(at -> at == 0 || at % every == 0)
            .mapToObj(lines::get)
            .limit(most + 1L)
            .toList();
    return Files.write(folder.resolve(every + "-" + name), taken, StandardCharsets.UTF_8)
        .toString();
  }

  @Test
  void aDemoAnswersEachMessageAndClosesTheLoop() throws IOException {
    int status =
        run("demo", "--task", task, "--examples", examples, "--messages", messages, "--json");

    // Then each message has its result, and the summary counts them
    assertThat(status).as(console.err()).isZero();
    List<JsonNode> lines = lines();
    assertThat(lines).hasSize(MESSAGES + 1);
    assertThat(lines.subList(0, MESSAGES))
        .allSatisfy(
            line -> {
              assertThat(line.path("query_id").asText()).startsWith("msg-");
              assertThat(line.path("status").asText()).isIn("ACCEPTED", "NEEDS_REVIEW");
              assertThat(line.path("rung").asText()).isEqualTo("neighbours");
              assertThat(line.path("example_ids")).isNotEmpty();
            })
        .extracting(line -> line.path("query_id").asText())
        .doesNotHaveDuplicates();
    JsonNode summary = lines.get(MESSAGES).path("summary");
    assertThat(summary.path("count").asInt()).isEqualTo(MESSAGES);
    assertThat(summary.path("dead_letters").asInt()).isZero();
    assertThat(summary.at("/rungs/neighbours").asInt()).isEqualTo(MESSAGES);
    assertThat(summary.path("accuracy").asDouble()).isBetween(0.3, 1.0);

    // And what went to people of a part teaches those behind it
    JsonNode loop = summary.path("loop");
    JsonNode parts = loop.path("parts");
    assertThat(parts).hasSize(3);
    assertThat(parts)
        .extracting(part -> part.path("for_people").asInt())
        .satisfies(
            counts ->
                assertThat(counts.stream().mapToInt(Integer::intValue).sum())
                    .isEqualTo(
                        Math.round(MESSAGES * (1 - summary.path("accepted_share").asDouble()))));
    assertThat(parts.get(0).path("corrected").asInt()).isPositive();
    assertThat(parts.get(2).path("corrected").asInt()).isZero();
    assertThat(parts.get(2).path("to").asInt()).isEqualTo(MESSAGES);
    assertThat(loop.path("release").asText()).isIn("RELEASED", "REJECTED");
    assertThat(loop.path("release_why").asText()).isNotBlank();
  }

  @Test
  void aSimulationSpendsItsBudgetAndDrawsWhatThatBrought() throws Exception {
    Path out = folder.resolve("curve");

    int status =
        run(
            "simulate",
            "--task",
            task,
            "--messages",
            messages,
            "--test",
            some("support-intent.examples.csv", 3, 30),
            "--examples",
            examples,
            "--budget",
            "4",
            "--out",
            out.toString(),
            "--json");

    // Then
    assertThat(status).as(console.err()).isZero();
    List<JsonNode> lines = lines();
    assertThat(lines).hasSizeBetween(3, 6);
    assertThat(lines.get(0).path("labels").asInt()).isZero();
    assertThat(lines)
        .extracting(line -> line.path("labels").asInt())
        .isSorted()
        .doesNotHaveDuplicates();
    assertThat(lines)
        .allSatisfy(
            line -> {
              assertThat(line.path("test_accuracy").asDouble(-1)).isBetween(0.0, 1.0);
              assertThat(line.path("accepted_share").asDouble(-1)).isBetween(0.0, 1.0);
              assertThat(line.path("seen").asInt()).isBetween(0, MESSAGES);
            });
    JsonNode end = lines.get(lines.size() - 1);
    assertThat(end.path("labels").asInt()).isBetween(2, 4);
    assertThat(Files.readAllLines(out.resolve("curve.csv"))).hasSize(lines.size() + 1);
    DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(out.resolve("curve.svg").toFile());
    assertThat(Files.readString(out.resolve("curve.svg")))
        .contains("support-intent", "labels spent", "accuracy on the test", "<circle");
  }

  private int run(String... arguments) {
    return Main.run(console.console(), arguments);
  }

  /** What was printed, each line of it an object. */
  private List<JsonNode> lines() throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : console.out().lines().toList()) {
      lines.add(JSON.readTree(line));
    }
    assertThat(lines).allMatch(JsonNode::isObject);
    return lines;
  }
}
