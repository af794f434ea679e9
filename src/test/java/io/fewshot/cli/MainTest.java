package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {

  @TempDir Path directory;

  private final RecordingConsole console = new RecordingConsole("");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nonsense|unknown command 'nonsense'; see ./fewshot --help",
        "imitate --task x|unknown command 'imitate'; see ./fewshot --help",
        "topics|which one? choose of create, check, grow",
        "topics grow|--partitions=N",
        "topics grow --partitions 0|--partitions must be from 1 to 10000, not 0",
        "topics create --replication 0|--replication must be at least 1",
        "topics create --replication many|'many' is not an int",
        "publish file.csv|--task=T",
        "publish --task t no-such-file.csv|no-such-file.csv does not exist: check the path",
        "publish --task t --colour x.csv|Unknown option: '--colour'",
        "demo --task tasks/sentiment.yaml|--task needs --messages FILE",
        "demo --messages no-such.csv|no-such.csv does not exist: check the path",
        "demo --task no-such.yaml --messages m.csv|no-such.yaml does not exist: check the path",
        "up --tasks no-such-directory|no-such-directory is not a directory",
        "eval --task t.yaml --examples e.csv|--test=FILE",
        "eval --task tasks/sentiment.yaml --examples tasks/sentiment.examples.csv --test"
            + " tasks/sentiment.examples.csv --rungs fine-tuned|no rung 'fine-tuned' can be measured",
        "topology --format png|expected one of [mermaid, svg, text]",
        "results --limit 0|--limit must be at least 1",
        "task apply no-such-task.yaml|no-such-task.yaml does not exist: check the path",
        "correct --query-id q --output x|--labeler=NAME",
        "correct --query-id q --output= --labeler ann|--output is empty",
        "forget|--query-id=ID",
        "dataset|which one? choose of export",
        "dataset export no-such-folder/x.jsonl|no-such-folder is no directory",
        "web --bootstrap-servers localhost --schema-registry-url http://localhost:1 --port 0|the"
            + " connection's settings are wrong: Invalid url in bootstrap.servers",
        "web --host 0.0.0.0|the page needs users: make lines with ./fewshot web --new-user NAME",
        "web --agreement 0 --port 0 --bootstrap-servers localhost:1|agreement is 1 to 9 labelers",
        "simulate --task tasks/sentiment.yaml --messages no.csv --test no.csv --budget 9|no.csv does not"
            + " exist: check the path",
        "simulate --task tasks/sentiment.yaml --messages m.csv --test t.csv|--budget=N",
        "simulate --task tasks/sentiment.yaml --messages m.csv --test t.csv --budget 0|--budget must be"
            + " at least 1, not 0",
        "simulate --task tasks/sentiment.yaml --messages tasks/sentiment.yaml --test t.csv --budget"
            + " 1|has no column 'text'",
        "demo --messages tasks/sentiment.yaml|has no column 'text'",
        "correct --query-id q --output rembours\uFFFD\uFFFD --labeler ann|the argument"
            + " 'rembours\uFFFD\uFFFD' has lost characters on its way: use a UTF-8 locale",
        "correct --query-id q --output \u00A0 --labeler ann|--output is empty: give it a value",
        "correct --query-id q --output @no-such-file --labeler|Missing required parameter for option"
            + " '--labeler'",
        "help nonsense|Unknown subcommand 'nonsense'; see ./fewshot --help",
        "examples import --task t no-such-file|no-such-file does not exist: check the path",
      })
  void wrongUseEndsWithTwoAndOneLine(String line, String expected) {
    int status = Main.run(console.console(), line.split(" "));

    assertThat(status).isEqualTo(2);
    assertThat(console.err()).contains(expected).hasLineCount(1);
    assertThat(console.out()).isEmpty();
  }

  @Test
  void aStateDirectoryThatCannotBeWrittenToIsSaidWithWhatToDo() throws IOException {
    // Given a place below a regular file: permissions do not hold back everybody
    Path file = Files.writeString(directory.resolve("file"), "");
    Path config =
        Files.writeString(
            directory.resolve("my.properties"),
            "fewshot.rungs=neighbours\nfewshot.state.dir=%s\n".formatted(file.resolve("state")));

    // When
    int status =
        Main.run(
            console.console(),
            "stream",
            "--config",
            config.toString(),
            "--port",
            "0",
            "--bootstrap-servers",
            "localhost:1",
            "--schema-registry-url",
            "http://localhost:1");

    // Then
    assertThat(status).isEqualTo(2);
    assertThat(console.err())
        .contains("the state directory " + file.resolve("state"), "set fewshot.state.dir")
        .doesNotContain("should not happen");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "topics --help",
        "topics create --help",
        "topics check --help",
        "topics grow --help",
        "task apply --help",
        "task list --help",
        "examples import --help",
        "examples list --help",
        "examples remove --help",
        "demo --help",
        "up --help",
        "stream --help",
        "eval --help",
        "simulate --help",
        "trainer --help",
        "retrain --help",
        "releases --help",
        "releases rollback --help",
        "topology --help",
        "doctor --help",
        "publish --help",
        "results --help",
        "correct --help",
        "forget --help",
        "dataset export --help",
      })
  void everyHelpHasAnExample(String line) {
    int status = Main.run(console.console(), line.split(" "));

    assertThat(status).isZero();
    assertThat(console.out()).contains("Usage: fewshot", "Example: ./fewshot ");
    assertThat(console.err()).isEmpty();
  }

  @Test
  void theVersionIsThatOfTheBuild() {
    int status = Main.run(console.console(), "--version");

    assertThat(status).isZero();
    assertThat(console.out()).matches("fewshot \\d+\\.\\d+\\S*, Java \\S+\\R").doesNotContain("$");
    assertThat(console.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"help", "help publish", "help examples", "help examples import"})
  void helpIsACommandToo(String line) {
    int status = Main.run(console.console(), line.split(" "));

    assertThat(status).isZero();
    assertThat(console.out()).contains("Usage: fewshot", "Example: ./fewshot ");
    assertThat(console.err()).isEmpty();
  }

  @Test
  void aFaultInTheMiddleOfStandardInputIsFoundBeforeAnythingIsConnected() {
    RecordingConsole piped = new RecordingConsole("text,label\na,x\nb,y\n\"open,z\n");

    int status = Main.run(piped.console(), "examples", "import", "--task", "t", "-");

    assertThat(status).isEqualTo(2);
    assertThat(piped.err()).contains("standard input line 4 opens a quote").hasLineCount(1);
  }

  @Test
  void aTaskOfAModelThatDoesNotExistIsRefusedInOneLine() throws IOException {
    Path task = directory.resolve("t.yaml");
    Files.writeString(task, "task: t\ninstruction: Say it.\nmodel: gpt-7\n");

    int status = Main.run(console.console(), "task", "apply", task.toString());

    assertThat(status).isEqualTo(2);
    assertThat(console.err()).contains("gpt-7", "smollm2-135m-instruct", ".gguf").hasLineCount(1);
  }

  @Test
  void aSimulationRefusesWhatItCannotRunOnBeforeAnythingStarts() throws IOException {
    Path task = directory.resolve("t.yaml");
    Files.writeString(task, "task: t\ninstruction: Say it.\n");
    Path rows = directory.resolve("rows.csv");
    Files.writeString(rows, "text\nhello\n");
    String[] given = {
      "simulate",
      "--task",
      task.toString(),
      "--messages",
      rows.toString(),
      "--test",
      rows.toString(),
      "--budget",
      "0"
    };

    assertThat(Main.run(console.console(), given)).isEqualTo(2);
    given[8] = "5";
    assertThat(Main.run(console.console(), given)).isEqualTo(2);

    assertThat(console.err().lines())
        .satisfiesExactly(
            line -> assertThat(line).contains("--budget must be at least 1"),
            line -> assertThat(line).contains("rows.csv line 2 has no label"));
    assertThat(console.out()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "colour: red|colour",
        "examples: {k: 4, select: magic}|magic",
        "promise: {accuracy: 2}|accuracy",
      })
  void aTaskThatCannotBeUsedIsRefusedByFileAndReason(String line, String reason)
      throws IOException {
    Path file = directory.resolve("bad.yaml");
    Files.writeString(file, "task: t\ninstruction: Say it.\n" + line + "\n");

    int status = Main.run(console.console(), "task", "apply", file.toString());

    assertThat(status).isEqualTo(2);
    assertThat(console.err()).contains("bad.yaml: ").contains(reason).hasLineCount(1);
  }

  @Test
  void theDiagramsAreResults() {
    int status = Main.run(console.console(), "topology");

    assertThat(status).isZero();
    assertThat(console.out().lines().filter(line -> line.startsWith("flowchart"))).hasSize(2);
    assertThat(console.out()).contains("fewshot.queries", "fewshot.results");
  }

  @Test
  void examplesNeedLabels() throws IOException {
    Path file = directory.resolve("unlabeled.csv");
    Files.writeString(file, "text\nhello\n");

    int status = Main.run(console.console(), "examples", "import", "--task", "t", file.toString());

    assertThat(status).isEqualTo(2);
    assertThat(console.err()).contains("line 2 has no label").hasLineCount(1);
  }

  @Test
  void aBrokerThatIsAwayIsOneLineAndStatusOne() {
    int status =
        Main.run(
            console.console(),
            ("topics check --bootstrap-servers 127.0.0.1:1 --schema-registry-url"
                    + " http://127.0.0.1:1")
                .split(" "));

    assertThat(status).isEqualTo(1);
    assertThat(console.err())
        .contains("the broker at 127.0.0.1:1 does not answer")
        .contains("./fewshot up")
        .hasLineCount(1);
  }

  @Test
  void settingsThatMakeNoSenseAreWrongUse() {
    int status =
        Main.run(
            console.console(),
            "results --bootstrap-servers nonsense --schema-registry-url http://127.0.0.1:1"
                .split(" "));

    assertThat(status).isEqualTo(2);
    assertThat(console.err()).contains("bootstrap.servers").hasLineCount(1);
  }
}
