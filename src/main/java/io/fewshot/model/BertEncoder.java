package io.fewshot.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.fewshot.model.OnnxFile.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A BERT encoder (Devlin et al. 2019: post-norm, GELU by the error function) as a TorchScript
 * program, in bf16 where that is faster, else in fp32. Norms and softmax compute in fp32 inside.
 * Linear layers run on the tokens of all texts packed one after the other, attention on groups of
 * about equal length, and the last layer's steps after its scores on first tokens only. On a
 * processor, oneDNN's own layout of the matrices spares it from arranging them anew in each pass,
 * which is most of the time of a short one.
 *
 * <p>Safe for use by several threads, whose passes wait for each other. Owns weights and program.
 */
public final class BertEncoder implements AutoCloseable {

  private static final String PROGRAM = "encoder.torchscript";
  private static final int CHUNK_BYTES = 4 << 20;
  private static final int CPU_TOKENS = 2048;

  /** Tokens below which a second lane would gain little. */
  private static final int LANE_TOKENS = 64;

  private static final int GPU_TOKENS = 16 * 1024;

  private final NDManager manager;
  private final DecoderProgram program;
  private final Precision precision;
  private final List<NDArray> weights;
  private final NDArray heads;
  private final Lanes lanes;
  private final int dimension;
  // Fair, so that a single message gets its turn between the batches of a long list.
  private final ReentrantLock turn = new ReentrantLock(true);
  private boolean closed;

  private BertEncoder(
      NDManager manager,
      DecoderProgram program,
      Precision precision,
      List<NDArray> weights,
      int heads,
      int dimension) {
    this.manager = manager;
    this.program = program;
    this.precision = precision;
    this.weights = weights;
    this.heads = manager.create(new long[] {heads});
    this.dimension = dimension;
    int passes = manager.getDevice().isGpu() ? 1 : TorchEngine.threads();
    this.lanes = new Lanes(passes, "encoder");
  }

  /**
   * Loads the weights of an ONNX file that was exported from PyTorch.
   *
   * @throws ModelException when PyTorch cannot be loaded or the file is not one of a BERT encoder
   */
  public static BertEncoder load(Path onnx, int heads) {
    BertEncoder encoder = read(onnx, heads);
    TorchEngine.loaded();
    return encoder;
  }

  private static BertEncoder read(Path onnx, int heads) {
    Device device = TorchEngine.device("auto");
    NDManager manager = TorchEngine.get().newBaseManager(device);
    DecoderProgram program;
    try {
      program = DecoderProgram.load(PROGRAM, device);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
    try (OnnxFile file = OnnxFile.open(onnx)) {
      Precision precision = Precision.measure(manager, program);
      Tensor embedding = file.tensor("embeddings.word_embeddings.weight");
      List<NDArray> weights = new Loading(file, manager, program, precision, heads).weights();
      return new BertEncoder(manager, program, precision, weights, heads, embedding.columns());
    } catch (RuntimeException | OutOfMemoryError e) {
      manager.close();
      program.close();
      throw e;
    }
  }

  /** The name of what it computes in. */
  public String precision() {
    return precision.label();
  }

  /** How many tokens to give to {@link #firstStates} at once. */
  public int batchTokens() {
    return manager.getDevice().isGpu() ? GPU_TOKENS : CPU_TOKENS;
  }

  /**
   * The last hidden states of the texts' first tokens.
   *
   * @param texts token ids, the shortest text first; not empty, and none of them is
   * @return {@code [texts, dimension]}, not normalized
   * @throws IllegalStateException when it is closed
   */
  public float[][] firstStates(List<long[]> texts) {
    turn.lock();
    try {
      NDManager owner = open();
      List<List<long[]>> parts = parts(texts);
      List<float[][]> results = lanes.run(parts, 1, part -> firstStates(owner, part));
      float[][] states = new float[texts.size()][];
      for (int i = 0; i < states.length; i++) {
        states[i] = results.get(i % parts.size())[i / parts.size()];
      }
      return states;
    } finally {
      turn.unlock();
    }
  }

  /** One part for each lane, all of about the same lengths; one for few tokens. */
  private List<List<long[]>> parts(List<long[]> texts) {
    int tokens = texts.stream().mapToInt(text -> text.length).sum();
    int count = Math.max(1, Math.min(texts.size(), Math.min(lanes.count(), tokens / LANE_TOKENS)));
    List<List<long[]>> parts = new ArrayList<>();
    for (int part = 0; part < count; part++) {
      parts.add(new ArrayList<>());
    }
    for (int i = 0; i < texts.size(); i++) {
      parts.get(i % count).add(texts.get(i));
    }
    return parts;
  }

  private float[][] firstStates(NDManager owner, List<long[]> texts) {
    try (NDManager pass = owner.newSubManager()) {
      NDList arguments = new NDList();
      arguments.add(pass.create(texts.stream().flatMapToLong(Arrays::stream).toArray()));
      int rows = texts.stream().mapToInt(text -> text.length).sum();
      long[] positions = new long[rows];
      long[] first = new long[texts.size()];
      int row = 0;
      for (int i = 0; i < first.length; i++) {
        first[i] = row;
        for (int position = 0; position < texts.get(i).length; position++) {
          positions[row++] = position;
        }
      }
      arguments.add(pass.create(positions));
      arguments.add(pass.create(first));
      arguments.add(heads);
      int[] lengths = texts.stream().mapToInt(text -> text.length).toArray();
      List<PaddedGroup> groups = PaddedGroup.of(lengths);
      groups.forEach(group -> add(arguments, "lengths[]", pass.create(group.lengths())));
      groups.forEach(group -> add(arguments, "spread[]", pass.create(group.spread())));
      groups.forEach(group -> add(arguments, "collect[]", pass.create(group.collect())));
      arguments.addAll(weights);
      float[] all = program.run(pass, "forward", arguments).singletonOrThrow().toFloatArray();
      float[][] states = new float[first.length][];
      for (int i = 0; i < states.length; i++) {
        states[i] = Arrays.copyOfRange(all, i * dimension, (i + 1) * dimension);
      }
      return states;
    }
  }

  private NDManager open() {
    if (closed) {
      throw new IllegalStateException("the encoder is closed");
    }
    return manager;
  }

  private static void add(NDList arguments, String list, NDArray array) {
    array.setName(list);
    arguments.add(array);
  }

  /** Waits for the pass under way. */
  @Override
  public void close() {
    turn.lock();
    try {
      if (!closed) {
        closed = true;
        lanes.close();
        manager.close();
        program.close();
      }
    } finally {
      turn.unlock();
    }
  }

  /**
   * Brings the file's tensors into the order that the program wants: embeddings of words and of
   * positions, their norm; then for each layer query-key-value, attention output, norm, up, down,
   * norm, each as matrix or scale and bias.
   */
  private static final class Loading {

    private final OnnxFile file;
    private final NDManager manager;
    private final DecoderProgram program;
    private final int heads;
    private final NDArray like;
    private final ByteBuffer scratch =
        ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.nativeOrder());
    private final List<NDArray> weights = new ArrayList<>();

    Loading(
        OnnxFile file, NDManager manager, DecoderProgram program, Precision precision, int heads) {
      this.file = file;
      this.manager = manager;
      this.program = program;
      this.heads = heads;
      NDArray one = manager.ones(new Shape(1), DataType.FLOAT32);
      this.like = precision == Precision.BF16 ? run("bfloat16", one) : one;
    }

    private NDArray run(String method, NDArray... arguments) {
      return program.run(manager, method, new NDList(arguments)).singletonOrThrow();
    }

    List<NDArray> weights() {
      Tensor embedding = file.tensor("embeddings.word_embeddings.weight");
      if (heads < 1 || embedding.columns() % heads != 0) {
        throw new ModelException(
            "An encoder %d wide cannot have %d heads".formatted(embedding.columns(), heads));
      }
      float scale = (float) (1 / Math.sqrt((double) embedding.columns() / heads));
      keep(rows(embedding, true));
      keep(positions());
      norm("embeddings.LayerNorm");
      for (int layer = 0; file.has(bias(layer, "output/dense")); layer++) {
        linear(layer, scale, "attention/self/query", "attention/self/key", "attention/self/value");
        linear(layer, 1, "attention/output/dense");
        norm("encoder.layer.%d.attention.output.LayerNorm".formatted(layer));
        linear(layer, 1, "intermediate/dense");
        linear(layer, 1, "output/dense");
        norm("encoder.layer.%d.output.LayerNorm".formatted(layer));
      }
      return weights;
    }

    /** There is one kind of token only, so its embedding is part of the positions'. */
    private NDArray positions() {
      try (NDArray positions = rows(file.tensor("embeddings.position_embeddings.weight"), false);
          NDArray kinds = rows(file.tensor("embeddings.token_type_embeddings.weight"), false);
          NDArray kind = kinds.get(0);
          NDArray sum = positions.add(kind)) {
        return run("cast", sum, like);
      }
    }

    private void norm(String name) {
      keep(rows(file.tensor(name + ".weight"), true));
      keep(rows(file.tensor(name + ".bias"), true));
    }

    private void linear(int layer, float scale, String... steps) {
      List<NDArray> matrices = new ArrayList<>();
      List<NDArray> biases = new ArrayList<>();
      for (String step : steps) {
        String product = "/encoder/layer.%d/%s/MatMul".formatted(layer, step);
        matrices.add(rows(file.tensor(product), false));
        biases.add(rows(file.tensor(bias(layer, step)), false));
      }
      keep(join("weight", scale, matrices));
      keep(join("bias", scale, biases));
    }

    private static String bias(int layer, String step) {
      return "encoder.layer.%d.%s.bias".formatted(layer, step.replace('/', '.'));
    }

    private NDArray join(String method, float scale, List<NDArray> parts) {
      try (NDArray first = manager.create(new float[] {scale})) {
        NDList arguments = new NDList(first, like);
        parts.forEach(part -> add(arguments, "parts[]", part));
        return program.run(manager, method, arguments).singletonOrThrow();
      } finally {
        parts.forEach(NDArray::close);
      }
    }

    /** A part at a time, so that a large tensor is never there twice in fp32. */
    private NDArray rows(Tensor tensor, boolean cast) {
      int atOnce = Math.max(1, CHUNK_BYTES / (4 * tensor.columns()));
      List<NDArray> parts = new ArrayList<>();
      for (int from = 0; from < tensor.rows(); from += atOnce) {
        int count = Math.min(atOnce, tensor.rows() - from);
        file.read(tensor, from, count, scratch);
        long columns = tensor.columns();
        Shape shape = tensor.vector() ? new Shape(columns) : new Shape(count, columns);
        // The array may be a view of the scratch memory, so it is copied or cast at once.
        try (NDArray view = manager.create(view(), shape, DataType.FLOAT32)) {
          parts.add(cast ? run("cast", view, like) : view.duplicate());
        }
      }
      if (parts.size() == 1) {
        return parts.get(0);
      }
      NDList arguments = new NDList();
      parts.forEach(part -> add(arguments, "parts[]", part));
      try {
        return program.run(manager, "rows", arguments).singletonOrThrow();
      } finally {
        parts.forEach(NDArray::close);
      }
    }

    private ByteBuffer view() {
      return scratch.slice().order(ByteOrder.nativeOrder());
    }

    private void keep(NDArray weight) {
      weight.setName("w[]");
      weights.add(weight);
    }
  }
}
