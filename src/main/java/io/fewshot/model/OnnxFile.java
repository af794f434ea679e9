package io.fewshot.model;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The fp32 weights in an ONNX file, which is a protocol buffer: {@code onnx/onnx.proto3} of the
 * ONNX project has the numbers of the fields. Only names and places are read at first; the numbers
 * stay in the file until they are asked for.
 */
final class OnnxFile implements AutoCloseable {

  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int NODE_INPUT = 1;
  private static final int NODE_NAME = 3;
  private static final int TENSOR_DIMS = 1;
  private static final int TENSOR_TYPE = 2;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_RAW = 9;
  private static final int FLOAT = 1;

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  /**
   * Numbers in the file, row by row.
   *
   * @param columns of a matrix; the length of a vector, which has one row
   * @param offset in bytes
   */
  record Tensor(int rows, int columns, boolean vector, long offset) {}

  private final Path file;
  private final FileChannel channel;
  private final Map<String, Tensor> tensors = new HashMap<>();
  private final Map<String, List<String>> inputs = new HashMap<>();

  private OnnxFile(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * @throws ModelException when the file cannot be read or is no ONNX file
   */
  static OnnxFile open(Path file) {
    try {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      OnnxFile onnx = new OnnxFile(file, channel);
      try {
        MappedByteBuffer all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
        onnx.model(all.order(ByteOrder.LITTLE_ENDIAN));
        return onnx;
      } catch (BufferUnderflowException | IllegalArgumentException e) {
        channel.close();
        throw new ModelException("%s is not a whole ONNX file".formatted(file), e);
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new ModelException("Cannot read %s: %s".formatted(file, e), e);
    }
  }

  /**
   * The tensor of this name, or the second input of the matrix product of this name: exported
   * matrices often lose theirs.
   *
   * @throws ModelException when there is none
   */
  Tensor tensor(String name) {
    Tensor tensor = tensors.get(name);
    List<String> product = inputs.get(name);
    if (tensor == null && product != null && product.size() == 2) {
      tensor = tensors.get(product.get(1));
    }
    if (tensor == null) {
      throw new ModelException("%s has no fp32 tensor %s".formatted(file, name));
    }
    return tensor;
  }

  boolean has(String name) {
    return tensors.containsKey(name);
  }

  /** Reads so many rows of a tensor into the buffer, which then has them from 0 to its limit. */
  void read(Tensor tensor, int firstRow, int rows, ByteBuffer floats) {
    long rowBytes = 4L * tensor.columns;
    floats.clear().limit(Math.toIntExact(rows * rowBytes));
    long position = tensor.offset + firstRow * rowBytes;
    try {
      while (floats.hasRemaining()) {
        int read = channel.read(floats, position + floats.position());
        if (read < 0) {
          throw new ModelException("%s ends too early".formatted(file));
        }
      }
    } catch (IOException e) {
      throw new ModelException("Cannot read %s: %s".formatted(file, e), e);
    }
    floats.flip();
  }

  private void model(ByteBuffer in) {
    while (in.hasRemaining()) {
      long key = varint(in);
      if (key >> 3 == MODEL_GRAPH) {
        graph(message(in));
      } else {
        skip(in, key);
      }
    }
  }

  private void graph(ByteBuffer in) {
    while (in.hasRemaining()) {
      long key = varint(in);
      switch ((int) (key >> 3)) {
        case GRAPH_NODE -> node(message(in));
        case GRAPH_INITIALIZER -> initializer(message(in));
        default -> skip(in, key);
      }
    }
  }

  private void node(ByteBuffer in) {
    String name = "";
    List<String> names = new ArrayList<>();
    while (in.hasRemaining()) {
      long key = varint(in);
      switch ((int) (key >> 3)) {
        case NODE_INPUT -> names.add(string(in));
        case NODE_NAME -> name = string(in);
        default -> skip(in, key);
      }
    }
    inputs.put(name, names);
  }

  private void initializer(ByteBuffer in) {
    List<Integer> dims = new ArrayList<>();
    long type = 0;
    String name = "";
    long offset = -1;
    int bytes = 0;
    while (in.hasRemaining()) {
      long key = varint(in);
      switch ((int) (key >> 3)) {
        case TENSOR_DIMS -> dims(in, key, dims);
        case TENSOR_TYPE -> type = varint(in);
        case TENSOR_NAME -> name = string(in);
        case TENSOR_RAW -> {
          bytes = Math.toIntExact(varint(in));
          offset = in.position();
          in.position(in.position() + bytes);
        }
        default -> skip(in, key);
      }
    }
    if (type == FLOAT && offset >= 0 && (dims.size() == 1 || dims.size() == 2)) {
      boolean vector = dims.size() == 1;
      int columns = dims.get(dims.size() - 1);
      int rows = vector ? 1 : dims.get(0);
      if (4L * rows * columns == bytes) {
        tensors.put(name, new Tensor(rows, columns, vector, offset));
      }
    }
  }

  private static void dims(ByteBuffer in, long key, List<Integer> dims) {
    if ((key & 7) == BYTES) {
      ByteBuffer packed = message(in);
      while (packed.hasRemaining()) {
        dims.add(Math.toIntExact(varint(packed)));
      }
    } else {
      dims.add(Math.toIntExact(varint(in)));
    }
  }

  /** A view that keeps the whole file's positions. */
  private static ByteBuffer message(ByteBuffer in) {
    int length = Math.toIntExact(varint(in));
    int end = Math.addExact(in.position(), length);
    ByteBuffer message = in.duplicate().order(ByteOrder.LITTLE_ENDIAN).limit(end);
    in.position(end);
    return message;
  }

  private static String string(ByteBuffer in) {
    return StandardCharsets.UTF_8.decode(message(in)).toString();
  }

  private static void skip(ByteBuffer in, long key) {
    switch ((int) (key & 7)) {
      case VARINT -> varint(in);
      case FIXED64 -> in.position(in.position() + 8);
      case BYTES -> message(in);
      case FIXED32 -> in.position(in.position() + 4);
      default -> throw new IllegalArgumentException("unknown kind of field");
    }
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = in.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number is too long");
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new ModelException("Cannot close %s".formatted(file), e);
    }
  }
}
