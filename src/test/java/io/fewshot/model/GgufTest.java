package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufTest {

  @TempDir private Path directory;

  @Test
  void readsMetadataAndTensors() throws IOException {
    Path file =
        new GgufWriter()
            .put("a.text", "Grüße")
            .put("a.number", 7)
            .put("a.fraction", 0.5f)
            .put("a.list", List.of("x", "y"))
            .tensor("first", 2, 3, new float[] {1, 2, 3, 4, 5, 6})
            .tensor("second", 0, 1, new float[] {7})
            .write(directory.resolve("a.gguf"));

    try (Gguf gguf = Gguf.open(file)) {
      assertThat(gguf.string("a.text")).contains("Grüße");
      assertThat(gguf.integer("a.number")).contains(7L);
      assertThat(gguf.number("a.fraction")).contains(0.5);
      assertThat(gguf.strings("a.list").orElseThrow()).containsExactly("x", "y");
      assertThat(gguf.tensor("first").rows()).isEqualTo(2);
      assertThat(gguf.bytes(gguf.tensor("first")).getFloat(20)).isEqualTo(6);
      assertThat(gguf.bytes(gguf.tensor("second")).getFloat()).isEqualTo(7);
      assertThatThrownBy(() -> gguf.integer("a.text")).hasMessageContaining("a.text");
      assertThatThrownBy(() -> gguf.tensor("third")).hasMessageContaining("third");
    }
  }

  @Test
  void whatIsNoGgufIsRefused() throws IOException {
    Path file = Files.writeString(directory.resolve("a.gguf"), "<html>not found</html>");

    assertThatThrownBy(() -> Gguf.open(file))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("not a GGUF file");
    assertThatThrownBy(() -> Gguf.open(directory.resolve("none.gguf")))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("none.gguf");
  }

  @Test
  void aFileCutAnywhereIsRefusedInOneLine() throws IOException {
    byte[] whole = TinyModel.of("llama", 1).bytes();
    // The last 31 bytes may be padding.
    for (int length = 0; length < whole.length - 32; length += 997) {
      Path file = Files.write(directory.resolve("cut.gguf"), Arrays.copyOf(whole, length));

      assertThatThrownBy(() -> Gguf.open(file))
          .as("cut to %d bytes", length)
          .isInstanceOf(ModelException.class)
          .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }
  }

  @Test
  void absurdSizesAreRefusedBeforeAnythingIsAllocated() throws IOException {
    for (int at : new int[] {8, 16, 24}) {
      for (long value : new long[] {Long.MAX_VALUE, -1, 1L << 40}) {
        byte[] bytes = TinyModel.of("llama", 1).bytes();
        // Counts of tensors and of metadata entries, and the length of the first key.
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
        Path file = Files.write(directory.resolve("absurd.gguf"), bytes);

        assertThatThrownBy(() -> Gguf.open(file))
            .isInstanceOf(ModelException.class)
            .hasMessageContaining("announces");
      }
    }
  }

  @Test
  void anUnknownTensorTypeAndAnAbsurdShapeAreNamed() throws IOException {
    ByteBuffer data = GgufWriter.little(64);
    Path unknown =
        new GgufWriter()
            .tensor("odd", 99, new long[] {4, 4}, data)
            .write(directory.resolve("unknown.gguf"));
    Path huge =
        new GgufWriter()
            .tensor("huge", 0, new long[] {1 << 20, 1L << 40, 1 << 20}, data)
            .write(directory.resolve("huge.gguf"));

    assertThatThrownBy(() -> Gguf.open(unknown))
        .hasMessageContaining("odd")
        .hasMessageContaining("99");
    assertThatThrownBy(() -> Gguf.open(huge)).hasMessageContaining("huge");
  }
}
