package io.fewshot.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SmallHeapTest {

  /** Beside its text, of which 1,536 are its vector of 384 numbers. */
  private static final double MOST_BYTES = 2200;

  private static final Pattern MEASURED =
      Pattern.compile("held (\\d+) left (\\d+) bytes (\\d+) estimated (\\d+)");

  @Test
  @Timeout(120)
  void moreExamplesThanTheHeapHoldsDoNotCrashTheProcess() throws Exception {
    // Given far more than fit: all of them would take twice the heap
    int examples = 90_000;

    // When
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-cp",
                System.getProperty("java.class.path"),
                MemorySizeMain.class.getName(),
                "full",
                Integer.toString(examples))
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    // Then
    assertThat(process.waitFor()).as(said).isZero();
    Matcher measured = MEASURED.matcher(said);
    assertThat(measured.find()).as(said).isTrue();
    long held = Long.parseLong(measured.group(1));
    assertThat(held).isGreaterThan(20_000);
    assertThat(held + Long.parseLong(measured.group(2))).isEqualTo(examples);
    double bytes = Double.parseDouble(measured.group(3));
    assertThat(bytes).isLessThan(MOST_BYTES);
    assertThat(Double.parseDouble(measured.group(4)))
        .as("what is estimated, in bytes")
        .isBetween(0.95 * bytes, 1.15 * bytes);
  }
}
