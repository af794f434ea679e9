package io.fewshot.model;

/**
 * Turns stored blocks into floats. The layouts are those of ggml (ggml-common.h, ggml-quants.c):
 * blocks of 32 numbers with one scale, or of 256 with eight or sixteen scales of their own.
 */
final class Dequantizer {

  private Dequantizer() {}

  /**
   * Dequantizes {@code length} numbers from the start of {@code in} to the start of {@code out}.
   */
  static void dequantize(TensorType type, byte[] in, float[] out, int length) {
    int step = type.blockLength();
    for (int at = 0, to = 0; to < length; to += step, at += type.blockBytes()) {
      switch (type) {
        case F32 -> out[to] = Float.intBitsToFloat(int32(in, at));
        case F16 -> out[to] = half(in, at);
        case BF16 -> out[to] = Float.intBitsToFloat(uint16(in, at) << 16);
        case Q4_0 -> four(in, at + 2, half(in, at), -8 * half(in, at), out, to);
        case Q4_1 -> four(in, at + 4, half(in, at), half(in, at + 2), out, to);
        case Q5_0 -> five(in, at + 2, half(in, at), -16 * half(in, at), out, to);
        case Q5_1 -> five(in, at + 4, half(in, at), half(in, at + 2), out, to);
        case Q8_0 -> eight(in, at, out, to);
        case Q4_K -> fourK(in, at, out, to);
        case Q5_K -> fiveK(in, at, out, to);
        case Q6_K -> sixK(in, at, out, to);
      }
    }
  }

  private static void four(byte[] in, int at, float scale, float minimum, float[] out, int to) {
    for (int j = 0; j < 16; j++) {
      int pair = in[at + j];
      out[to + j] = (pair & 0xf) * scale + minimum;
      out[to + j + 16] = (pair >> 4 & 0xf) * scale + minimum;
    }
  }

  private static void five(byte[] in, int at, float scale, float minimum, float[] out, int to) {
    int high = int32(in, at);
    for (int j = 0; j < 16; j++) {
      int pair = in[at + 4 + j];
      out[to + j] = (pair & 0xf | (high >>> j & 1) << 4) * scale + minimum;
      out[to + j + 16] = (pair >> 4 & 0xf | (high >>> j + 16 & 1) << 4) * scale + minimum;
    }
  }

  private static void eight(byte[] in, int at, float[] out, int to) {
    float scale = half(in, at);
    for (int j = 0; j < 32; j++) {
      out[to + j] = in[at + 2 + j] * scale;
    }
  }

  private static void fourK(byte[] in, int at, float[] out, int to) {
    float d = half(in, at);
    float dMin = half(in, at + 2);
    for (int part = 0; part < 8; part++) {
      float scale = d * scaleK(in, at + 4, part);
      float minimum = dMin * minimumK(in, at + 4, part);
      int from = at + 16 + part / 2 * 32;
      int shift = part % 2 * 4;
      for (int l = 0; l < 32; l++) {
        out[to + part * 32 + l] = scale * (in[from + l] >> shift & 0xf) - minimum;
      }
    }
  }

  private static void fiveK(byte[] in, int at, float[] out, int to) {
    float d = half(in, at);
    float dMin = half(in, at + 2);
    for (int part = 0; part < 8; part++) {
      float scale = d * scaleK(in, at + 4, part);
      float minimum = dMin * minimumK(in, at + 4, part);
      int from = at + 48 + part / 2 * 32;
      int shift = part % 2 * 4;
      for (int l = 0; l < 32; l++) {
        int high = in[at + 16 + l] >> part & 1;
        out[to + part * 32 + l] = scale * (in[from + l] >> shift & 0xf | high << 4) - minimum;
      }
    }
  }

  private static void sixK(byte[] in, int at, float[] out, int to) {
    float d = half(in, at + 208);
    for (int part = 0; part < 8; part++) {
      int side = part / 4;
      int quarter = part % 4;
      int low = at + side * 64 + quarter % 2 * 32;
      int high = at + 128 + side * 32;
      int shift = quarter / 2 * 4;
      for (int l = 0; l < 32; l++) {
        int q = in[low + l] >> shift & 0xf | (in[high + l] >> quarter * 2 & 3) << 4;
        out[to + part * 32 + l] = d * in[at + 192 + part * 2 + l / 16] * (q - 32);
      }
    }
  }

  /** The 6-bit scale of a part; the last four parts keep their upper bits with the first four. */
  private static int scaleK(byte[] in, int at, int part) {
    return part < 4
        ? in[at + part] & 63
        : in[at + part + 4] & 0xf | (in[at + part - 4] >> 6 & 3) << 4;
  }

  private static int minimumK(byte[] in, int at, int part) {
    return part < 4
        ? in[at + part + 4] & 63
        : in[at + part + 4] >> 4 & 0xf | (in[at + part] >> 6 & 3) << 4;
  }

  private static int uint16(byte[] in, int at) {
    return in[at] & 0xff | (in[at + 1] & 0xff) << 8;
  }

  private static int int32(byte[] in, int at) {
    return uint16(in, at) | uint16(in, at + 2) << 16;
  }

  /** IEEE 754 half precision; Java 17 has no method for it. */
  static float half(byte[] in, int at) {
    int bits = uint16(in, at);
    int sign = (bits & 0x8000) << 16;
    int exponent = bits >> 10 & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0) {
      float tiny = fraction * 0x1p-24f;
      return sign == 0 ? tiny : -tiny;
    }
    int exponent32 = exponent == 31 ? 255 : exponent + 112;
    return Float.intBitsToFloat(sign | exponent32 << 23 | fraction << 13);
  }
}
