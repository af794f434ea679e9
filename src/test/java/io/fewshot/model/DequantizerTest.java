package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DequantizerTest {

  static Stream<String> references() throws IOException {
    try (InputStream in = DequantizerTest.class.getResourceAsStream("dequantized.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"));
    }
  }

  @ParameterizedTest
  @MethodSource("references")
  void givesWhatTheReferenceGives(String line) {
    String[] columns = line.split(" ");
    TensorType type = TensorType.valueOf(columns[0]);
    byte[] blocks = HexFormat.of().parseHex(columns[1]);
    int length = columns[2].length() / 8;
    float[] numbers = new float[length];

    Dequantizer.dequantize(type, blocks, numbers, length);

    assertThat(blocks).hasSize(type.bytes(length));
    for (int i = 0; i < length; i++) {
      int bits = Integer.parseUnsignedInt(columns[2].substring(8 * i, 8 * i + 8), 16);
      float expected = Float.intBitsToFloat(bits);
      // The order of operations differs by a rounding.
      assertThat(numbers[i]).isCloseTo(expected, within(Math.abs(expected) * 1e-5f + 1e-6f));
    }
  }

  @Test
  void readsHalfPrecisionAtItsEdges() {
    assertThat(half(0x0001)).isEqualTo(0x1p-24f);
    assertThat(half(0x8000)).isEqualTo(-0f);
    assertThat(half(0x7bff)).isEqualTo(65504f);
    assertThat(half(0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(half(0x7e00)).isNaN();
  }

  private static float half(int bits) {
    return Dequantizer.half(new byte[] {(byte) bits, (byte) (bits >> 8)}, 0);
  }
}
