package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredInputTest {

  @TempDir Path directory;

  @Test
  void standardInputIsReadTwiceAndLeavesNoFile() throws IOException {
    InputStream stdin =
        new ByteArrayInputStream("text\none\ntwo\n".getBytes(StandardCharsets.UTF_8));
    long before = temporaryFiles();

    try (StoredInput input = StoredInput.of("-", stdin)) {
      assertThat(texts(input)).containsExactly("one", "two");
      assertThat(texts(input)).containsExactly("one", "two");
      assertThat(input.name()).isEqualTo("standard input");
      assertThat(temporaryFiles()).isEqualTo(before);
    }
  }

  @Test
  void aFileIsReadWhereItIs() throws IOException {
    Path file = Files.writeString(directory.resolve("a.csv"), "text\none\n");

    try (StoredInput input = StoredInput.of(file.toString(), InputStream.nullInputStream())) {
      assertThat(texts(input)).containsExactly("one");
      assertThat(texts(input)).containsExactly("one");
    }
  }

  private static List<String> texts(StoredInput input) {
    List<String> texts = new ArrayList<>();
    try (InputFile file = input.open()) {
      file.forEach(row -> texts.add(row.text()));
    }
    return texts;
  }

  private static long temporaryFiles() throws IOException {
    try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return all.filter(each -> each.toString().endsWith(".input")).count();
    }
  }
}
