package io.fewshot.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fewshot.model.ModelException;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncoderFilesTest {

  // sha256 of "weights"
  private static final EncoderModel.File FILE =
      new EncoderModel.File(
          "network.onnx", "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c");

  @TempDir Path directory;

  private Path cache;
  private EncoderFiles files;

  @BeforeEach
  void prepare() throws IOException {
    Path classPath = Files.createDirectory(directory.resolve("classes"));
    Files.writeString(classPath.resolve("network.onnx"), "weights");
    cache = directory.resolve("deep").resolve("cache");
    files =
        new EncoderFiles(cache, new URLClassLoader(new URL[] {classPath.toUri().toURL()}, null));
  }

  @Test
  void aFileIsWrittenOnceAndNothingIsLeftBeside() throws IOException {
    // Given
    Path first = files.path(FILE);
    Object written = Files.getLastModifiedTime(first);

    // When
    Path second = files.path(FILE);

    // Then
    assertThat(second).isEqualTo(first).hasContent("weights");
    assertThat(Files.getLastModifiedTime(second)).isEqualTo(written);
    assertThat(cached()).containsExactly("network.onnx");
  }

  @Test
  void aFileCutShortIsWrittenAnew() throws IOException {
    // Given
    Files.writeString(files.path(FILE), "wei");

    // When
    Path path = files.path(FILE);

    // Then
    assertThat(path).hasContent("weights");
  }

  @Test
  void manyAtOnceGetTheWholeFile() throws IOException {
    // When
    long whole =
        IntStream.range(0, 16).parallel().filter(i -> Files.exists(files.path(FILE))).count();

    // Then
    assertThat(whole).isEqualTo(16);
    assertThat(cache.resolve("network.onnx")).hasContent("weights");
    assertThat(cached()).containsExactly("network.onnx");
  }

  @Test
  void aWrongHashIsRefused() throws IOException {
    // Given
    EncoderModel.File other = new EncoderModel.File("network.onnx", "0".repeat(64));

    // When, Then
    assertThatThrownBy(() -> files.path(other))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("sha256");
    assertThat(cached()).isEmpty();
  }

  @Test
  void aMissingFileAndAFullDirectorySayWhatToDo() throws IOException {
    // Given
    EncoderModel.File missing = new EncoderModel.File("missing.onnx", FILE.sha256());
    Path occupied = Files.writeString(directory.resolve("occupied"), "a file, not a directory");
    EncoderFiles unwritable = new EncoderFiles(occupied);

    // When, Then
    assertThatThrownBy(() -> files.path(missing))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("build again");
    assertThatThrownBy(() -> unwritable.path(FILE))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("FEWSHOT_CACHE");
  }

  private Stream<String> cached() throws IOException {
    try (Stream<Path> entries = Files.list(cache)) {
      return entries.map(path -> path.getFileName().toString()).toList().stream();
    }
  }
}
