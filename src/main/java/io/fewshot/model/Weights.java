package io.fewshot.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Brings a GGUF file's tensors into the order and shape that the program wants: embedding, final
 * norm, head; then for each layer norm, query-key-value, its bias, attention output, norm, gate,
 * up, down. Query, key and value are one matrix; the gate is its own, so that its activation can be
 * computed within the product. What {@link EightBits} needs beside that follows at the end.
 */
final class Weights {

  private static final int ROWS_AT_ONCE = 512;
  private static final String LAYER = "blk.";

  /** What bf16 weights are for. */
  enum Use {
    /** On a CPU: the layers' matrices are ordered for products only; nothing else can read them. */
    MULTIPLY,
    /** On a GPU, and to train adapters through them: in PyTorch's usual order. */
    COMPUTE
  }

  /** What a matrix or vector does in a layer. */
  private enum Role {
    NORM,
    /** Multiplied with a normalized hidden state. */
    READS,
    BIAS,
    /** Its product is added to the hidden state. */
    WRITES,
    /** Not in a layer. */
    OTHER
  }

  private final Gguf gguf;
  private final Architecture architecture;
  private final Precision precision;
  private final Precision beside;
  private final Use use;
  private final List<Matrix> matrices = new ArrayList<>();

  /** Stored rows that become rows of a matrix; {@code order} gives the stored row for each. */
  private record Part(
      Gguf.Tensor tensor, ByteBuffer stored, int firstRow, IntUnaryOperator order) {}

  private static final class Matrix {
    final List<Part> parts = new ArrayList<>();
    final boolean vector;
    Role role = Role.OTHER;
    int rows;
    int columns;

    Matrix(boolean vector) {
      this.vector = vector;
    }

    int floatBytes() {
      return Math.toIntExact(4L * rows * columns);
    }
  }

  private record Slice(Part part, int from, int to) {}

  /**
   * @param precision of the layers' matrices
   * @param beside of all else
   */
  Weights(Gguf gguf, Architecture architecture, Precision precision, Precision beside, Use use) {
    this.beside = beside;
    this.use = use;
    this.gguf = gguf;
    this.architecture = architecture;
    this.precision = precision;
  }

  /**
   * Dequantizes in parallel, in fp32 straight into the memory that the arrays then use. DJL cannot
   * make bf16 arrays itself: there one scratch memory serves all matrices, and the program casts.
   */
  List<NDArray> load(NDManager manager, DecoderProgram program) {
    plan();
    EightBits eightBits =
        precision == Precision.INT8 ? new EightBits(manager, program, architecture.width()) : null;
    int largest =
        matrices.stream().filter(this::changes).mapToInt(Matrix::floatBytes).max().orElse(0);
    ByteBuffer scratch = memory(largest);
    List<NDArray> weights = new ArrayList<>();
    for (Matrix matrix : matrices) {
      int bytes = matrix.floatBytes();
      ByteBuffer floats = changes(matrix) ? scratch.slice(0, bytes) : memory(bytes);
      floats.order(ByteOrder.nativeOrder());
      slices(matrix).parallelStream().forEach(slice -> fill(slice, floats));
      weights.add(array(manager, program, eightBits, matrix, floats));
    }
    if (!gguf.hasTensor("output.weight")) {
      weights.add(2, weights.get(0));
    }
    if (eightBits != null) {
      weights.addAll(eightBits.rest());
    }
    weights.forEach(weight -> weight.setName("w[]"));
    return weights;
  }

  /** Whether it is used in another form than fp32. */
  private boolean changes(Matrix matrix) {
    return (matrix.role == Role.OTHER ? beside : precision) != Precision.FP32;
  }

  private static ByteBuffer memory(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  private static List<Slice> slices(Matrix matrix) {
    List<Slice> slices = new ArrayList<>();
    for (Part part : matrix.parts) {
      for (int from = 0; from < part.tensor.rows(); from += ROWS_AT_ONCE) {
        int to = Math.min(from + ROWS_AT_ONCE, part.tensor.rows());
        slices.add(new Slice(part, from, to));
      }
    }
    return slices;
  }

  private void plan() {
    Architecture a = architecture;
    int width = a.width();
    matrix(width, "token_embd.weight");
    vector("output_norm.weight", width);
    if (gguf.hasTensor("output.weight")) {
      matrix(width, "output.weight");
    }
    for (int layer = 0; layer < a.layers(); layer++) {
      String block = LAYER + layer + ".";
      vector(block + "attn_norm.weight", width);
      matrix(width, block + "attn_q.weight", block + "attn_k.weight", block + "attn_v.weight");
      bias(block);
      matrix(a.heads() * a.headWidth(), block + "attn_output.weight");
      vector(block + "ffn_norm.weight", width);
      matrix(width, block + "ffn_gate.weight");
      matrix(width, block + "ffn_up.weight");
      int inner = gguf.tensor(block + "ffn_gate.weight").rows();
      matrix(inner, block + "ffn_down.weight");
    }
  }

  private void matrix(int columns, String... names) {
    Matrix matrix = new Matrix(false);
    matrix.columns = columns;
    for (String name : names) {
      Gguf.Tensor tensor = gguf.tensor(name);
      if (tensor.columns() != columns) {
        throw new ModelException(
            "Model file %s has a tensor %s of the wrong shape".formatted(gguf.file(), name));
      }
      boolean writes = name.contains(".attn_output.") || name.contains(".ffn_down.");
      matrix.role = !name.startsWith(LAYER) ? Role.OTHER : writes ? Role.WRITES : Role.READS;
      matrix.parts.add(new Part(tensor, gguf.bytes(tensor), matrix.rows, order(name)));
      matrix.rows += tensor.rows();
    }
    matrices.add(matrix);
  }

  /** A vector is stored as one row; several join to one row too. */
  private void vector(String name, int length) {
    Matrix vector = new Matrix(true);
    Gguf.Tensor tensor = gguf.tensor(name);
    if (tensor.rows() != 1 || tensor.columns() != length) {
      throw new ModelException(
          "Model file %s has a tensor %s of the wrong shape".formatted(gguf.file(), name));
    }
    vector.role = name.startsWith(LAYER) ? Role.NORM : Role.OTHER;
    vector.parts.add(new Part(tensor, gguf.bytes(tensor), 0, IntUnaryOperator.identity()));
    vector.rows = 1;
    vector.columns = length;
    matrices.add(vector);
  }

  private void bias(String block) {
    Matrix bias = new Matrix(true);
    bias.columns = 1;
    bias.role = Role.BIAS;
    for (String name : List.of("attn_q.bias", "attn_k.bias", "attn_v.bias")) {
      if (gguf.hasTensor(block + name)) {
        Gguf.Tensor stored = gguf.tensor(block + name);
        if (stored.type().blockLength() != 1) {
          throw new ModelException(
              "Model file %s has a quantized bias, which is not supported".formatted(gguf.file()));
        }
        // Seen as a column, so that its numbers can be reordered like the rows of its matrix.
        Gguf.Tensor column =
            new Gguf.Tensor(stored.name(), stored.type(), stored.columns(), 1, stored.offset());
        bias.parts.add(new Part(column, gguf.bytes(column), bias.rows, order(block + name)));
        bias.rows += column.rows();
      }
    }
    matrices.add(bias);
  }

  /** Rotary pairs half a head apart are cheaper to compute with than pairs side by side. */
  private IntUnaryOperator order(String name) {
    boolean rotated = name.contains(".attn_q.") || name.contains(".attn_k.");
    if (!rotated || !architecture.pairedRope()) {
      return IntUnaryOperator.identity();
    }
    int head = architecture.headWidth();
    int half = head / 2;
    return row -> {
      int i = row % head;
      return row - i + (i < half ? 2 * i : 2 * (i - half) + 1);
    };
  }

  private static void fill(Slice slice, ByteBuffer floats) {
    Gguf.Tensor tensor = slice.part.tensor;
    int columns = tensor.columns();
    byte[] block = new byte[tensor.rowBytes()];
    float[] numbers = new float[columns];
    FloatBuffer out = floats.duplicate().order(ByteOrder.nativeOrder()).asFloatBuffer();
    for (int row = slice.from; row < slice.to; row++) {
      slice.part.stored.get(slice.part.order.applyAsInt(row) * block.length, block);
      Dequantizer.dequantize(tensor.type(), block, numbers, columns);
      out.put((slice.part.firstRow + row) * columns, numbers);
    }
  }

  /**
   * Into the order of blocks in which oneDNN multiplies, which it would otherwise make anew for
   * each product: a seventh of a pass over 1,024 tokens, half of one over a single token. A
   * processor that oneDNN multiplies no bf16 on keeps PyTorch's order.
   */
  private static NDArray pack(NDManager manager, DecoderProgram program, NDArray rounded) {
    try (rounded) {
      return program.run(manager, "packed", new NDList(rounded)).singletonOrThrow();
    }
  }

  private NDArray array(
      NDManager manager,
      DecoderProgram program,
      @Nullable EightBits eightBits,
      Matrix matrix,
      ByteBuffer floats) {
    long length = (long) matrix.rows * matrix.columns;
    Shape shape = matrix.vector ? new Shape(length) : new Shape(matrix.rows, matrix.columns);
    if (length == 0) {
      return manager.zeros(new Shape(0), DataType.FLOAT32);
    }
    NDArray array = manager.create(floats, shape, DataType.FLOAT32);
    if (!changes(matrix)) {
      return array;
    }
    try (array) {
      if (eightBits != null) {
        switch (matrix.role) {
          case NORM:
            return eightBits.norm(array.duplicate());
          case BIAS:
            return array.duplicate();
          case READS:
            return eightBits.reading(array);
          case WRITES:
            return eightBits.writing(array);
          default:
            break;
        }
      }
      NDArray rounded = program.run(manager, "bfloat16", new NDList(array)).singletonOrThrow();
      boolean multiplies = matrix.role == Role.READS || matrix.role == Role.WRITES;
      return multiplies && use == Use.MULTIPLY ? pack(manager, program, rounded) : rounded;
    }
  }

  /** Rotations per position for each pair of a head; Llama 3 files bring divisors. */
  static float[] ropeFrequencies(Gguf gguf, Architecture architecture) {
    int head = architecture.headWidth();
    float[] divisors = new float[head / 2];
    Arrays.fill(divisors, 1);
    if (gguf.hasTensor("rope_freqs.weight")) {
      Gguf.Tensor tensor = gguf.tensor("rope_freqs.weight");
      if (tensor.columns() != divisors.length) {
        throw new ModelException(
            "Model file %s has rope_freqs of the wrong shape".formatted(gguf.file()));
      }
      byte[] stored = new byte[tensor.rowBytes()];
      gguf.bytes(tensor).get(stored);
      Dequantizer.dequantize(tensor.type(), stored, divisors, divisors.length);
    }
    float[] frequencies = new float[head / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = (float) (Math.pow(architecture.ropeBase(), -2.0 * i / head) / divisors[i]);
    }
    return frequencies;
  }
}
