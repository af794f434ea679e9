package io.fewshot.model;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The printable character that stands for each byte in the vocabulary of a byte-level BPE (Radford
 * et al., GPT-2, 2019): printable Latin-1 characters stand for themselves, the others are counted
 * up from U+0100.
 */
final class ByteAlphabet {

  private static final int[] BYTES = bytes();

  private ByteAlphabet() {}

  private static int[] bytes() {
    int[] bytes = new int[0x144];
    Arrays.fill(bytes, -1);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae;
      bytes[printable ? b : next++] = b;
    }
    return bytes;
  }

  /** Appends the bytes of a token; a character outside the alphabet stands for itself. */
  static void decode(String token, ByteArrayOutputStream out) {
    token
        .codePoints()
        .forEach(
            c -> {
              if (c < BYTES.length && BYTES[c] >= 0) {
                out.write(BYTES[c]);
              } else {
                out.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
              }
            });
  }
}
