package io.fewshot.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;

/**
 * UTF-8 that also takes lone surrogates, which some programs write as three bytes each. Anything
 * else that is not UTF-8 is an error: a file in another encoding would otherwise become garbage
 * without a word.
 */
final class Utf8Reader extends Reader {

  private static final int CAPACITY = 1 << 16;

  private final InputStream in;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT);
  private final ByteBuffer bytes = ByteBuffer.allocate(CAPACITY).flip();
  private boolean ended;

  Utf8Reader(InputStream in) {
    this.in = in;
  }

  @Override
  public int read(char[] target, int offset, int length) throws IOException {
    CharBuffer chars = CharBuffer.wrap(target, offset, length);
    while (chars.position() == 0) {
      CoderResult result = decoder.decode(bytes, chars, ended);
      if (result.isMalformed()) {
        surrogate(chars, result.length());
      } else if (result.isUnderflow()) {
        if (ended) {
          return chars.position() == 0 ? -1 : chars.position();
        }
        fill();
      } else if (result.isOverflow() && chars.position() == 0) {
        throw new IOException("a buffer of one character is too small");
      }
    }
    return chars.position();
  }

  private void surrogate(CharBuffer chars, int malformed) throws IOException {
    while (bytes.remaining() < 3 && !ended) {
      fill();
    }
    int at = bytes.position();
    if (bytes.remaining() < 3
        || (bytes.get(at) & 0xFF) != 0xED
        || (bytes.get(at + 1) & 0xE0) != 0xA0
        || (bytes.get(at + 2) & 0xC0) != 0x80) {
      throw new MalformedInputException(malformed);
    }
    chars.put((char) (0xD000 | (bytes.get(at + 1) & 0x3F) << 6 | (bytes.get(at + 2) & 0x3F)));
    bytes.position(at + 3);
  }

  private void fill() throws IOException {
    bytes.compact();
    int read = in.read(bytes.array(), bytes.position(), bytes.remaining());
    if (read < 0) {
      ended = true;
    } else {
      bytes.position(bytes.position() + read);
    }
    bytes.flip();
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
