package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command that is told to stop while native code computes ends in order. */
class StopIT {

  private static final int EXAMPLES = 20_000;

  @TempDir Path folder;

  @Test
  void aMeasurementThatIsStoppedInTheMiddleOfAComputationEndsAsFailedAndDoesNotCrash()
      throws Exception {
    // Given: it encodes, which takes a minute
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "has no signals");
    Path task = folder.resolve("task.yaml");
    Files.writeString(task, "task: t\ninstruction: Name it.\nlanguage: en\nrungs: [neighbours]\n");
    Path messages = folder.resolve("messages.csv");
    StringBuilder rows = new StringBuilder("text,label\n");
    for (int i = 0; i < EXAMPLES; i++) {
      rows.append("my order number ").append(i).append(" is late,").append(i % 3).append('\n');
    }
    Files.writeString(messages, rows);
    Path log = folder.resolve("log");
    Process process = eval(task, messages, log);
    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> Files.readString(log).contains("of " + EXAMPLES));

    // When
    process.destroy();

    // Then
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(log)).isEqualTo(Command.FAILED);
    assertThat(Files.readString(log)).contains("fewshot: stopped");
    assertThat(folder.resolve("crash")).doesNotExist();
  }

  private Process eval(Path task, Path messages, Path log) throws Exception {
    return FewshotProcess.of(
            List.of("-Xmx700m", "-XX:ErrorFile=" + folder.resolve("crash")),
            "eval",
            "--task",
            task.toString(),
            "--examples",
            messages.toString(),
            "--test",
            messages.toString())
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }
}
