package io.fewshot.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A decoder's weights and its forward passes. Linear layers run on the tokens of all sequences
 * packed one after the other, without padding; attention runs on groups of about equal length, see
 * {@link AttentionGroups}.
 *
 * <p>Passes may run at once, each in a thread of its own. Owns the weights and the program.
 */
final class Decoder implements AutoCloseable {

  /** Places in the list of weights; see {@link Weights}. */
  private static final int HEAD = 2;

  private static final int FIRST_LAYER = 3;
  private static final int PER_LAYER = 8;
  private static final int ATTENTION_OUTPUT = 3;

  private final Architecture architecture;
  private final Precision precision;
  private final Precision beside;
  private final NDManager manager;
  private final DecoderProgram program;
  private final List<NDArray> weights;
  private final NDArray frequencies;
  private final NDArray epsilon;
  private final NDArray nothing;

  /**
   * Keys and values of tokens already computed, {@code [layers, 2, key-value heads, tokens, head
   * width]}. The owner closes it.
   */
  record Past(NDArray keysAndValues, int length) implements AutoCloseable {

    @Override
    public void close() {
      keysAndValues.close();
    }
  }

  /**
   * A sequence of a pass.
   *
   * @param past null when the sequence starts at position 0
   */
  record Sequence(TokenTree tree, @Nullable Past past) {}

  /** The likeliest next token of a sequence, its log-probability, and what is computed so far. */
  record Next(int token, double logProbability, Past past) {}

  private Decoder(
      Architecture architecture,
      Precision precision,
      Precision beside,
      NDManager manager,
      DecoderProgram program,
      List<NDArray> weights,
      float[] frequencies) {
    this.architecture = architecture;
    this.precision = precision;
    this.beside = beside;
    this.manager = manager;
    this.program = program;
    this.weights = weights;
    this.frequencies = manager.create(frequencies);
    this.epsilon = manager.create(new float[] {architecture.epsilon()});
    Shape none =
        new Shape(
            architecture.layers(), 2, architecture.keyValueHeads(), 0, architecture.headWidth());
    NDArray empty = manager.zeros(none, DataType.FLOAT32);
    this.nothing = run(manager, "like", new NDList(empty, weights.get(0))).singletonOrThrow();
  }

  /**
   * Loads the weights of a file.
   *
   * @param precision of weights and activations; {@link Precision#AUTO} measures which is faster
   * @param toTrain whether adapters are to be trained through it; it is slower then
   */
  static Decoder load(Gguf gguf, Precision precision, Device device, boolean toTrain) {
    Architecture architecture = Architecture.of(gguf);
    NDManager manager = TorchEngine.get().newBaseManager(device);
    DecoderProgram program = DecoderProgram.load(DecoderProgram.DECODER, device);
    try {
      Precision chosen = precision.chosen(manager, program, toTrain);
      Precision beside = chosen.besideProducts(manager, program);
      Weights.Use use = toTrain || device.isGpu() ? Weights.Use.COMPUTE : Weights.Use.MULTIPLY;
      List<NDArray> weights =
          new Weights(gguf, architecture, chosen, beside, use).load(manager, program);
      return new Decoder(
          architecture,
          chosen,
          beside,
          manager,
          program,
          weights,
          Weights.ropeFrequencies(gguf, architecture));
    } catch (RuntimeException | OutOfMemoryError e) {
      manager.close();
      program.close();
      throw e;
    }
  }

  /** Passes that are worth computing at once. */
  int lanes() {
    return manager.getDevice().isGpu() ? 1 : TorchEngine.threads();
  }

  Architecture architecture() {
    return architecture;
  }

  Precision precision() {
    return precision;
  }

  NDManager manager() {
    return manager;
  }

  /** Not to be closed. */
  List<NDArray> weights() {
    return weights;
  }

  NDArray frequencies() {
    return frequencies;
  }

  NDArray epsilon() {
    return epsilon;
  }

  /** Keys and values of no tokens; not to be closed. */
  NDArray nothing() {
    return nothing;
  }

  /** Rows of the gate, which are columns of the matrix that leads down from it. */
  int inner() {
    // Packed numbers of 8 bits show columns first.
    Shape down = weights.get(layersEnd() - 1).getShape();
    return (int) down.get(precision == Precision.INT8 ? 0 : 1);
  }

  private int layersEnd() {
    return FIRST_LAYER + architecture.layers() * PER_LAYER;
  }

  /** Multiplications and additions of the layers' matrices for so many tokens. */
  double layerFlops(int tokens) {
    return 2 * matrixWeights(FIRST_LAYER) * tokens;
  }

  /** The same of a pass, which takes only the rows that are read through its last steps. */
  double passFlops(int tokens, int rows) {
    int afterAttention = layersEnd() - PER_LAYER + ATTENTION_OUTPUT;
    return layerFlops(tokens)
        - 2 * matrixWeights(afterAttention) * (tokens - rows)
        + 2.0 * weights.get(HEAD).getShape().size() * rows;
  }

  private double matrixWeights(int from) {
    return weights.subList(from, layersEnd()).stream()
        .filter(weight -> weight.getShape().dimension() == 2)
        .mapToDouble(weight -> weight.getShape().size())
        .sum();
  }

  /**
   * Multiplies so many tokens with the matrices of all layers and does nothing else: the limit that
   * a pass is measured against.
   */
  double multiplyOnly(int tokens) {
    try (NDManager pass = manager.newSubManager()) {
      NDList arguments = new NDList(ones(pass, tokens, architecture.width()));
      arguments.add(ones(pass, tokens, architecture.heads() * architecture.headWidth()));
      arguments.add(ones(pass, tokens, inner()));
      arguments.addAll(weights);
      return run(pass, "multiply", arguments).singletonOrThrow().toFloatArray()[0];
    }
  }

  private NDArray ones(NDManager pass, int rows, int columns) {
    NDArray floats = pass.ones(new Shape(rows, columns), DataType.FLOAT32);
    return run(pass, "like", new NDList(floats, weights.get(0))).singletonOrThrow();
  }

  long pastBytes(int tokens) {
    return tokens * architecture.cacheBytesPerToken(beside.bytes());
  }

  /**
   * Log-probabilities of all predictions of the sequences.
   *
   * @return for each sequence, in the order of its tree's predictions
   */
  List<float[]> score(List<Sequence> sequences) {
    try (NDManager pass = manager.newSubManager()) {
      AttentionGroups groups = AttentionGroups.joined(sequences);
      PredictedRows rows = PredictedRows.of(groups.packed());
      NDList arguments = tokens(pass, groups);
      arguments.add(pass.create(rows.unique()));
      arguments.add(pass.create(rows.picks()));
      arguments.add(pass.create(rows.targets()));
      addLists(pass, arguments, groups);
      float[] all = run(pass, "forward", arguments).singletonOrThrow().toFloatArray();
      Map<Sequence, float[]> results = new IdentityHashMap<>();
      int from = 0;
      for (Sequence sequence : groups.packed()) {
        int count = sequence.tree().targets().length;
        results.put(sequence, Arrays.copyOfRange(all, from, from + count));
        from += count;
      }
      return sequences.stream().map(results::get).toList();
    }
  }

  /** Computes the keys and values of a sequence from position 0. */
  Past prefix(int[] tokens) {
    try (NDManager pass = manager.newSubManager()) {
      AttentionGroups groups =
          AttentionGroups.single(List.of(new Sequence(TokenTree.plain(0, tokens), null)));
      NDList arguments = tokens(pass, groups);
      arguments.add(pass.create(new long[0]));
      addLists(pass, arguments, groups);
      return keep(run(pass, "prefix", arguments).get(0));
    }
  }

  /** The greedy next token after each sequence's last token. */
  List<Next> next(List<Sequence> sequences) {
    try (NDManager pass = manager.newSubManager()) {
      AttentionGroups groups = AttentionGroups.single(sequences);
      NDList arguments = tokens(pass, groups);
      long[] last = new long[sequences.size()];
      int end = 0;
      for (int i = 0; i < last.length; i++) {
        end += sequences.get(i).tree().size();
        last[i] = end - 1;
      }
      arguments.add(pass.create(last));
      addLists(pass, arguments, groups);
      NDList results = run(pass, "next", arguments);
      long[] best = results.get(0).toLongArray();
      float[] values = results.get(1).toFloatArray();
      List<Next> next = new ArrayList<>();
      for (int i = 0; i < last.length; i++) {
        next.add(new Next((int) best[i], values[i], keep(results.get(2 + i))));
      }
      return next;
    }
  }

  /** Takes them over from the pass that computed them; the caller closes them. */
  Past keep(NDArray keysAndValues) {
    keysAndValues.attach(manager);
    return new Past(keysAndValues, (int) keysAndValues.getShape().get(3));
  }

  private NDList tokens(NDManager pass, AttentionGroups groups) {
    NDList arguments = new NDList();
    arguments.add(pass.create(concatenate(groups.packed(), TokenTree::tokens)));
    arguments.add(pass.create(concatenate(groups.packed(), TokenTree::positions)));
    arguments.add(frequencies);
    arguments.add(epsilon);
    return arguments;
  }

  private void addLists(NDManager pass, NDList arguments, AttentionGroups groups) {
    for (AttentionGroups.Group group : groups.groups()) {
      NDArray ends = pass.create(group.ends(), new Shape(group.members(), group.longest()));
      add(arguments, "ends[]", ends);
    }
    for (AttentionGroups.Group group : groups.groups()) {
      add(arguments, "spread[]", pass.create(group.spread()));
    }
    for (AttentionGroups.Group group : groups.groups()) {
      add(arguments, "collect[]", pass.create(group.collect()));
    }
    for (AttentionGroups.Group group : groups.groups()) {
      Past past = group.past();
      add(arguments, "past[]", past == null ? nothing : past.keysAndValues());
    }
    arguments.addAll(weights);
  }

  private static void add(NDList arguments, String list, NDArray array) {
    array.setName(list);
    arguments.add(array);
  }

  private NDList run(NDManager pass, String method, NDList arguments) {
    return program.run(pass, method, arguments);
  }

  private static long[] concatenate(List<Sequence> sequences, Function<TokenTree, int[]> numbers) {
    return sequences.stream()
        .map(Sequence::tree)
        .map(numbers)
        .flatMapToInt(Arrays::stream)
        .asLongStream()
        .toArray();
  }

  @Override
  public void close() {
    manager.close();
    program.close();
  }
}
