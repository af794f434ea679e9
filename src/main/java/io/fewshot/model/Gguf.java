package io.fewshot.model;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file, versions 2 and 3, little-endian: metadata and memory-mapped tensors.
 *
 * <p>Read strictly: every count and offset is checked against the file's size before anything is
 * allocated for it, so that a file cut short or overwritten ends in one clear line.
 *
 * <p>Format: the GGUF specification in the ggml project (docs/gguf.md).
 */
final class Gguf implements AutoCloseable {

  private static final int MAGIC = 0x46554747;
  private static final int MAX_DIMENSIONS = 4;
  private static final int MAX_HEADER_BYTES = 1 << 28;

  private final Path file;
  private final FileChannel channel;
  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /**
   * A tensor's place in the file.
   *
   * @param rows all dimensions but the innermost, multiplied
   * @param columns the innermost dimension
   * @param offset in bytes from the start of the file
   */
  record Tensor(String name, TensorType type, int rows, int columns, long offset) {

    int rowBytes() {
      return type.bytes(columns);
    }

    long bytes() {
      return (long) rows * rowBytes();
    }
  }

  private Gguf(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws ModelException when it is not a whole GGUF file of a kind that can be computed with
   */
  static Gguf open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new ModelException("There is no model file " + file);
    }
    FileChannel channel;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
    } catch (IOException e) {
      throw new ModelException("Model file " + file + " cannot be read: " + e.getMessage(), e);
    }
    Gguf gguf = new Gguf(file, channel);
    try {
      gguf.readHeader();
      return gguf;
    } catch (BufferUnderflowException e) {
      gguf.close();
      throw gguf.broken("it ends inside its header", e);
    } catch (IOException e) {
      gguf.close();
      throw gguf.broken(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException e) {
      gguf.close();
      throw e;
    }
  }

  private void readHeader() throws IOException {
    long size = channel.size();
    ByteBuffer in = channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(size, MAX_HEADER_BYTES));
    in.order(ByteOrder.LITTLE_ENDIAN);
    if (in.remaining() < 4 || in.getInt() != MAGIC) {
      throw broken("it is not a GGUF file", null);
    }
    int version = in.getInt();
    if (version != 2 && version != 3) {
      throw broken("GGUF version " + version + " is not supported, only 2 and 3", null);
    }
    // The smallest tensor entry and metadata entry that the format allows take more than 8 bytes.
    int tensorCount = count(in, in.getLong(), 8, "tensors");
    int metadataCount = count(in, in.getLong(), 8, "metadata entries");
    for (int i = 0; i < metadataCount; i++) {
      String key = readString(in);
      metadata.put(key, readValue(in, in.getInt()));
    }
    long alignment = integer("general.alignment").orElse(32L);
    if (alignment <= 0 || alignment > 1 << 20) {
      throw broken("its alignment is " + alignment, null);
    }
    Map<String, long[]> found = new LinkedHashMap<>();
    for (int i = 0; i < tensorCount; i++) {
      String name = readString(in);
      int dimensions = in.getInt();
      if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
        throw broken("tensor " + name + " has " + dimensions + " dimensions", null);
      }
      long columns = in.getLong();
      long rows = 1;
      for (int d = 1; d < dimensions; d++) {
        long length = in.getLong();
        if (length <= 0 || rows > Integer.MAX_VALUE / length) {
          throw broken("tensor " + name + " has an absurd size", null);
        }
        rows *= length;
      }
      found.put(name, new long[] {in.getInt(), rows, columns, in.getLong()});
    }
    long start = (in.position() + alignment - 1) / alignment * alignment;
    found.forEach((name, entry) -> tensors.put(name, tensor(name, entry, start, size)));
  }

  private Tensor tensor(String name, long[] entry, long start, long size) {
    TensorType type =
        TensorType.ofId((int) entry[0])
            .orElseThrow(
                () ->
                    broken(
                        "tensor "
                            + name
                            + " is of type "
                            + entry[0]
                            + ", which is not supported; take a Q4_K_M, Q8_0 or F16 file",
                        null));
    long columns = entry[2];
    if (columns <= 0 || columns > 1 << 24 || columns % type.blockLength() != 0) {
      throw broken("tensor " + name + " has an absurd size", null);
    }
    Tensor tensor = new Tensor(name, type, (int) entry[1], (int) columns, start + entry[3]);
    if (entry[3] < 0 || entry[3] > size || tensor.offset() + tensor.bytes() > size) {
      throw broken("it is cut short: tensor " + name + " lies beyond its end", null);
    }
    return tensor;
  }

  private Object readValue(ByteBuffer in, int type) {
    return switch (type) {
      case 0 -> (long) (in.get() & 0xff);
      case 1 -> (long) in.get();
      case 2 -> (long) (in.getShort() & 0xffff);
      case 3 -> (long) in.getShort();
      case 4 -> in.getInt() & 0xffffffffL;
      case 5 -> (long) in.getInt();
      case 6 -> (double) in.getFloat();
      case 7 -> in.get() != 0;
      case 8 -> readString(in);
      case 9 -> readArray(in);
      case 10, 11 -> in.getLong();
      case 12 -> in.getDouble();
      default -> throw broken("its metadata has a value of unknown type " + type, null);
    };
  }

  private Object readArray(ByteBuffer in) {
    int type = in.getInt();
    int elementBytes = type == 8 ? 8 : type == 9 ? 12 : 1;
    int length = count(in, in.getLong(), elementBytes, "values in an array");
    if (type == 8) {
      String[] values = new String[length];
      for (int i = 0; i < length; i++) {
        values[i] = readString(in);
      }
      return values;
    }
    if (type == 9) {
      throw broken("its metadata has arrays of arrays", null);
    }
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      Object value = readValue(in, type);
      values[i] = value instanceof Boolean flag ? (flag ? 1 : 0) : ((Number) value).doubleValue();
    }
    return values;
  }

  private String readString(ByteBuffer in) {
    byte[] bytes = new byte[count(in, in.getLong(), 1, "bytes in a string")];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private int count(ByteBuffer in, long count, int elementBytes, String what) {
    if (count < 0 || count > in.remaining() / elementBytes) {
      throw broken("it is cut short or damaged: it announces " + count + " " + what, null);
    }
    return (int) count;
  }

  private ModelException broken(String why, @Nullable Throwable cause) {
    return new ModelException(
        "Model file " + file + " cannot be used: " + why + "; delete it and fetch it again", cause);
  }

  Optional<String> string(String key) {
    return value(key, String.class);
  }

  Optional<Long> integer(String key) {
    return value(key, Long.class);
  }

  Optional<Double> number(String key) {
    return value(key, Number.class).map(Number::doubleValue);
  }

  Optional<Boolean> flag(String key) {
    return value(key, Boolean.class);
  }

  Optional<String[]> strings(String key) {
    return value(key, String[].class);
  }

  /** An array of numbers of whatever width. */
  Optional<double[]> numbers(String key) {
    return value(key, double[].class);
  }

  private <T> Optional<T> value(String key, Class<T> type) {
    Object value = metadata.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!type.isInstance(value)) {
      throw broken("its " + key + " is not of the expected type", null);
    }
    return Optional.of(type.cast(value));
  }

  /** The required entry, or a line that names it. */
  <T> T require(Optional<T> value, String key) {
    return value.orElseThrow(() -> broken("it does not say its " + key, null));
  }

  boolean hasTensor(String name) {
    return tensors.containsKey(name);
  }

  Tensor tensor(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw broken("it has no tensor " + name, null);
    }
    return tensor;
  }

  /**
   * A tensor as it is stored, mapped into memory. The mapping outlives this object: the garbage
   * collector ends it.
   */
  ByteBuffer bytes(Tensor tensor) {
    try {
      return channel
          .map(FileChannel.MapMode.READ_ONLY, tensor.offset(), tensor.bytes())
          .order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException | IllegalArgumentException e) {
      throw broken(String.valueOf(e.getMessage()), e);
    }
  }

  Path file() {
    return file;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new ModelException("Model file " + file + " cannot be closed: " + e.getMessage(), e);
    }
  }
}
