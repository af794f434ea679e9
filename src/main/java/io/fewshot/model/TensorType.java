package io.fewshot.model;

import java.util.Arrays;
import java.util.Optional;

/**
 * How the numbers of a GGUF tensor are stored: blocks of {@link #blockLength} numbers in {@link
 * #blockBytes} bytes.
 */
enum TensorType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  Q4_0(2, 32, 18),
  Q4_1(3, 32, 20),
  Q5_0(6, 32, 22),
  Q5_1(7, 32, 24),
  Q8_0(8, 32, 34),
  Q4_K(12, 256, 144),
  Q5_K(13, 256, 176),
  Q6_K(14, 256, 210),
  BF16(30, 1, 2);

  private final int id;
  private final int blockLength;
  private final int blockBytes;

  TensorType(int id, int blockLength, int blockBytes) {
    this.id = id;
    this.blockLength = blockLength;
    this.blockBytes = blockBytes;
  }

  static Optional<TensorType> ofId(int id) {
    return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
  }

  int id() {
    return id;
  }

  int blockLength() {
    return blockLength;
  }

  int blockBytes() {
    return blockBytes;
  }

  /** Bytes of {@code length} numbers, a whole number of blocks. */
  int bytes(int length) {
    return length / blockLength * blockBytes;
  }
}
