package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fewshot.InstalledTools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Python's datasets reads an exported data set, and so does TRL where it is there. Runs where
 * {@code FEWSHOT_PYTHON}, or {@code python3}, has datasets.
 */
class DatasetIT {

  private static final int LINES = 300;

  @TempDir private Path folder;

  @Test
  void pythonReadsWhatIsExported() throws Exception {
    String python = InstalledTools.python();
    assumeTrue(
        run(python, "-c", "import datasets").code() == 0,
        python + " has no datasets: set FEWSHOT_PYTHON");
    // Given: the first ones do not say when they were made
    Path file = folder.resolve("t.jsonl");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < LINES; i++) {
      Instant createdAt = i < LINES / 2 ? null : Instant.ofEpochMilli(i);
      String input = "line " + i + "\nsays \"丢了\" \u2028 \t 😀";
      lines.append(DatasetLine.of(DatasetLineTest.example(input, createdAt), i)).append('\n');
    }
    Files.writeString(file, lines);
    LlamaFactory.register(file);

    // When
    Ran ran = run(python, "src/test/python/dataset_check.py", file.toString());

    // Then
    assertThat(ran.code()).as(ran.output()).isZero();
    assertThat(ran.output()).contains("read " + LINES);
  }

  private record Ran(int code, String output) {}

  private Ran run(String... command) throws Exception {
    Path output = folder.resolve("output.txt");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("HF_HOME", folder.resolve("cache").toString());
    builder.environment().put("HF_HUB_OFFLINE", "1");
    Process process = builder.start();
    try {
      assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Ran(process.exitValue(), Files.readString(output));
  }
}
