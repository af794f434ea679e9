package io.fewshot.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.fewshot.model.Decoder.Next;
import io.fewshot.model.Decoder.Past;
import io.fewshot.model.Decoder.Sequence;
import java.util.ArrayList;
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
   * What some sequences teach.
   *
   * @param loss of each prediction its cross-entropy times its weight, summed
   * @param gradients of the loss: by the adapter's values and by a classifier's head, in fp32
   */
  record Learned(NDArray loss, List<NDArray> gradients) {}

  /**
   * The loss of some sequences and its gradient, which the program computes itself: PyTorch's own
   * would keep more and take more passes over it.
   *
   * @param smoothing share of the probability that a label gives to all alike
   */
  Learned learn(NDManager pass, Loaded adapter, List<TuningSample> samples, double smoothing) {
    LengthGroups groups = LengthGroups.of(samples.stream().map(TuningSample::tokens).toList());
    Predictions predictions = Predictions.of(groups, samples);
    NDList arguments = new NDList();
    groups.addTokens(pass, arguments);
    addCommon(pass, arguments, predictions.rows, adapter);
    boolean labels = adapter.head().size() > 0;
    if (labels) {
      List<TuningSample> inOrder = Arrays.stream(groups.order()).mapToObj(samples::get).toList();
      arguments.add(adapter.head());
      arguments.add(wanted(pass, inOrder, adapter.head().getShape().get(0), smoothing));
      arguments.add(pass.create(predictions.weights));
    } else {
      arguments.add(pass.create(predictions.targets));
      arguments.add(pass.create(predictions.weights));
    }
    arguments.addAll(decoder.weights());
    NDList results = program.run(pass, labels ? "label" : "write", arguments);
    return new Learned(results.get(0), List.copyOf(results.subList(1, results.size())));
  }

  /** The probability that each label should have, {@code [samples, labels]}. */
  private static NDArray wanted(
      NDManager pass, List<TuningSample> samples, long labels, double smoothing) {
    int columns = Math.toIntExact(labels);
    float[] wanted = new float[samples.size() * columns];
    for (int i = 0; i < samples.size(); i++) {
      float[] shares = samples.get(i).shares();
      if (shares.length > 0) {
        System.arraycopy(shares, 0, wanted, i * columns, columns);
      } else {
        Arrays.fill(wanted, i * columns, (i + 1) * columns, (float) (smoothing / columns));
        wanted[i * columns + samples.get(i).targets()[0]] += (float) (1 - smoothing);
      }
    }
    return pass.create(wanted, new Shape(samples.size(), columns));
  }

  /** What all samples of a pass predict, in the order of its groups. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Predictions(long[] rows, long[] targets, float[] weights) {

    static Predictions of(LengthGroups groups, List<TuningSample> samples) {
      int count = samples.stream().mapToInt(sample -> sample.rows().length).sum();
      Predictions all = new Predictions(new long[count], new long[count], new float[count]);
      int at = 0;
      for (int place = 0; place < groups.order().length; place++) {
        TuningSample sample = samples.get(groups.order()[place]);
        for (int i = 0; i < sample.rows().length; i++) {
          all.rows[at] = groups.starts()[place] + sample.rows()[i];
          all.targets[at] = sample.targets()[i];
          all.weights[at++] = (float) sample.weight();
        }
      }
      return all;
    }
  }

  private void addCommon(NDManager pass, NDList arguments, long[] rows, Loaded adapter) {
    arguments.add(pass.create(rows));
    arguments.add(decoder.frequencies());
    arguments.add(decoder.epsilon());
    arguments.add(adapter.shape());
    arguments.add(adapter.scale());
    arguments.add(adapter.values());
  }

  /** Log-likelihood of the tokens that each sample predicts, summed over them. */
  double[] measure(NDManager pass, Loaded adapter, List<TuningSample> samples) {
    LengthGroups groups = LengthGroups.of(samples.stream().map(TuningSample::tokens).toList());
    Predictions predictions = Predictions.of(groups, samples);
    NDList arguments = new NDList();
    groups.addTokens(pass, arguments);
    addCommon(pass, arguments, predictions.rows, adapter);
    arguments.add(pass.create(predictions.targets));
    arguments.addAll(decoder.weights());
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

  /**
   * The likeliest token after each sequence's last, by the vocabulary's own head. The caller owns
   * what is computed so far.
   */
  List<Next> next(NDManager pass, Loaded adapter, List<Sequence> sequences) {
    NDList arguments = new NDList();
    long[] last = new long[sequences.size()];
    int end = 0;
    for (int i = 0; i < last.length; i++) {
      int[] tokens = sequences.get(i).tree().tokens();
      end += tokens.length;
      last[i] = end - 1;
      long[] wide = Arrays.stream(tokens).asLongStream().toArray();
      arguments.add(named("tokens[]", pass.create(wide, new Shape(1, wide.length))));
    }
    addCommon(pass, arguments, last, adapter);
    for (Sequence sequence : sequences) {
      Past past = sequence.past();
      arguments.add(named("past[]", past == null ? decoder.nothing() : past.keysAndValues()));
    }
    arguments.addAll(decoder.weights());
    NDList results = program.run(pass, "next", arguments);
    long[] best = results.get(0).toLongArray();
    float[] values = results.get(1).toFloatArray();
    List<Next> next = new ArrayList<>();
    for (int i = 0; i < last.length; i++) {
      next.add(new Next((int) best[i], values[i], decoder.keep(results.get(2 + i))));
    }
    return next;
  }

  private static NDArray named(String list, NDArray array) {
    array.setName(list);
    return array;
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
