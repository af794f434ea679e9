package io.fewshot.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;

/**
 * The program that runs a decoder's weights with an adapter on top. Passes may run at once, each in
 * a thread of its own. Owns the program, not the decoder.
 */
final class LoraProgram implements AutoCloseable {

  private static final LoraModule[] IN_ORDER = LoraModule.values();

  private final Decoder decoder;
  private final DecoderProgram program;

  /**
   * An adapter as the program takes it.
   *
   * @param shape key-value heads, then the rank of each module
   * @param scale of the change
   * @param values in fp32, as {@link LoraLayout} has them
   * @param head {@code [labels, width]} in fp32; empty for the vocabulary's own
   */
  record Loaded(NDArray shape, NDArray scale, NDArray values, NDArray head)
      implements AutoCloseable {

    Loaded with(NDArray otherValues, NDArray otherHead) {
      return new Loaded(shape, scale, otherValues, otherHead);
    }

    @Override
    public void close() {
      for (NDArray array : List.of(shape, scale, values, head)) {
        array.close();
      }
    }
  }

  LoraProgram(Decoder decoder) {
    this.decoder = decoder;
    Device device = decoder.manager().getDevice();
    this.program = DecoderProgram.load(DecoderProgram.LORA, device);
  }

  /**
   * @throws ModelException when the adapter was made for a model of another shape
   */
  Loaded load(NDManager manager, LoraAdapter adapter) {
    Architecture architecture = decoder.architecture();
    LoraConfig config = adapter.config();
    int length = LoraLayout.of(architecture, decoder.inner(), config).length();
    int wanted = adapter.labels().size() * architecture.width();
    if (adapter.values().length != length || adapter.head().length != wanted) {
      throw new ModelException(
          "The adapter has %d numbers and %d in its head, the model takes %d and %d"
              .formatted(adapter.values().length, adapter.head().length, length, wanted));
    }
    long[] shape = new long[1 + IN_ORDER.length];
    shape[0] = architecture.keyValueHeads();
    for (int i = 0; i < IN_ORDER.length; i++) {
      shape[i + 1] = config.rankOf(IN_ORDER[i]);
    }
    return new Loaded(
        manager.create(shape),
        manager.create((float) config.scale()),
        manager.create(adapter.values()),
        head(manager, adapter.head(), adapter.labels().size()));
  }

  private NDArray head(NDManager manager, float[] values, int labels) {
    return labels == 0
        ? manager.create(new float[0], new Shape(0))
        : manager.create(values, new Shape(labels, decoder.architecture().width()));
  }

  /**
   * The loss of some sequences: of each prediction its cross-entropy times its weight, summed.
   *
   * @param smoothing share of the probability that the target gives to all others alike
   */
  NDArray loss(NDManager pass, Loaded adapter, List<TuningSample> samples, double smoothing) {
    LengthGroups groups = LengthGroups.of(samples.stream().map(TuningSample::tokens).toList());
    NDList arguments = new NDList();
    groups.addTokens(pass, arguments);
    addPredictions(pass, arguments, groups, samples, adapter, (float) smoothing);
    return program.runToTrain(pass, "loss", arguments).singletonOrThrow();
  }

  private void addPredictions(
      NDManager pass,
      NDList arguments,
      LengthGroups groups,
      List<TuningSample> samples,
      Loaded adapter,
      float smoothing) {
    int count = samples.stream().mapToInt(sample -> sample.rows().length).sum();
    long[] rows = new long[count];
    long[] targets = new long[count];
    float[] weights = new float[count];
    int at = 0;
    for (int place = 0; place < groups.order().length; place++) {
      TuningSample sample = samples.get(groups.order()[place]);
      for (int i = 0; i < sample.rows().length; i++) {
        rows[at] = groups.starts()[place] + sample.rows()[i];
        targets[at] = sample.targets()[i];
        weights[at++] = (float) sample.weight();
      }
    }
    addCommon(pass, arguments, rows, adapter);
    arguments.add(adapter.head());
    arguments.add(pass.create(targets));
    arguments.add(pass.create(weights));
    arguments.add(pass.create(smoothing));
    arguments.addAll(decoder.weights());
  }

  private void addCommon(NDManager pass, NDList arguments, long[] rows, Loaded adapter) {
    arguments.add(pass.create(rows));
    arguments.add(decoder.frequencies());
    arguments.add(decoder.epsilon());
    arguments.add(adapter.shape());
    arguments.add(adapter.scale());
    arguments.add(adapter.values());
  }

  /** Log-likelihood of each prediction of the samples, times its weight, summed over them. */
  double[] measure(NDManager pass, Loaded adapter, List<TuningSample> samples) {
    LengthGroups groups = LengthGroups.of(samples.stream().map(TuningSample::tokens).toList());
    NDList arguments = new NDList();
    groups.addTokens(pass, arguments);
    addPredictions(pass, arguments, groups, samples, adapter, 0);
    // The program's method takes no smoothing.
    arguments.remove(arguments.size() - decoder.weights().size() - 1);
    float[] found = program.run(pass, "measure", arguments).singletonOrThrow().toFloatArray();
    double[] sums = new double[samples.size()];
    int at = 0;
    for (int index : groups.order()) {
      for (int i = 0; i < samples.get(index).rows().length; i++) {
        sums[index] += found[at++];
      }
    }
    return sums;
  }

  /** What the head says about each sequence's last token: {@code [sequences][labels]}. */
  float[][] classify(NDManager pass, Loaded adapter, List<int[]> sequences) {
    return last(pass, "classify", adapter, sequences);
  }

  /** The normalized hidden state of each sequence's last token: {@code [sequences][width]}. */
  float[][] hidden(NDManager pass, Loaded adapter, List<int[]> sequences) {
    return last(pass, "hidden", adapter, sequences);
  }

  private float[][] last(NDManager pass, String method, Loaded adapter, List<int[]> sequences) {
    LengthGroups groups = LengthGroups.of(sequences);
    long[] rows = new long[sequences.size()];
    for (int place = 0; place < rows.length; place++) {
      int length = sequences.get(groups.order()[place]).length;
      rows[place] = groups.starts()[place] + length - 1L;
    }
    NDList arguments = new NDList();
    groups.addTokens(pass, arguments);
    addCommon(pass, arguments, rows, adapter);
    if (method.equals("classify")) {
      arguments.add(adapter.head());
    }
    arguments.addAll(decoder.weights());
    float[] all = program.run(pass, method, arguments).singletonOrThrow().toFloatArray();
    int columns = all.length / Math.max(1, rows.length);
    float[][] results = new float[rows.length][];
    for (int place = 0; place < rows.length; place++) {
      results[groups.order()[place]] =
          Arrays.copyOfRange(all, place * columns, (place + 1) * columns);
    }
    return results;
  }

  @Override
  public void close() {
    program.close();
  }
}
