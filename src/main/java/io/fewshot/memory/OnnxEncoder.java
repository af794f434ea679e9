package io.fewshot.memory;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.fewshot.model.ModelException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.IntStream;

/**
 * A BERT sentence encoder on ONNX Runtime. The session and the tokenizer are native resources that
 * this object owns; both allow calls from several threads, so only closing excludes encoding.
 */
final class OnnxEncoder implements Encoder {

  static final int MAX_TOKENS = 512;

  // Far more than 512 tokens of any real text; what comes after would be cut anyway.
  private static final int MAX_CHARS = 16 * MAX_TOKENS;
  // Small batches stay in the cores' caches: on two cores 512 tokens at a time took 13 % less time
  // than 4096, and a single text of the greatest length still goes alone.
  private static final int BATCH_TOKENS = 512;

  private final EncoderModel model;
  private final HuggingFaceTokenizer tokenizer;
  private final OrtSession session;
  private final ReadWriteLock lifecycle = new ReentrantReadWriteLock();
  private boolean closed;

  private OnnxEncoder(EncoderModel model, HuggingFaceTokenizer tokenizer, OrtSession session) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.session = session;
  }

  /**
   * Loads and warms up.
   *
   * @param threads how many threads one pass uses
   * @throws ModelException when the files or native libraries cannot be had
   */
  static OnnxEncoder load(EncoderModel model, EncoderFiles files, int threads) {
    Path network = files.path(model.network());
    Path vocabulary = files.path(model.tokenizer());
    HuggingFaceTokenizer tokenizer = tokenizer(model, vocabulary);
    OnnxEncoder encoder;
    try {
      encoder = new OnnxEncoder(model, tokenizer, session(network, threads));
    } catch (OrtException | UnsatisfiedLinkError | NoClassDefFoundError e) {
      tokenizer.close();
      throw new ModelException(
          "ONNX Runtime cannot load encoder %s: %s".formatted(model.label(), e.getMessage()), e);
    }
    try {
      encoder.encode(List.of("warm", "warm up the kernels with a few more words than one"));
    } catch (RuntimeException e) {
      encoder.close();
      throw e;
    }
    return encoder;
  }

  private static HuggingFaceTokenizer tokenizer(EncoderModel model, Path vocabulary) {
    // DJL would report its use to its makers' server, and ask the cloud's metadata service who we
    // are, which hangs where that address leads nowhere. Who wants it can set it to false.
    System.getProperties().putIfAbsent("OPT_OUT_TRACKING", "true");
    String maxTokens = Integer.toString(MAX_TOKENS);
    try {
      return HuggingFaceTokenizer.newInstance(
          vocabulary,
          Map.of(
              "truncation",
              "true",
              "padding",
              "false",
              "maxLength",
              maxTokens,
              "modelMaxLength",
              maxTokens));
    } catch (IOException | RuntimeException | UnsatisfiedLinkError e) {
      throw new ModelException(
          "The tokenizer of encoder %s cannot be loaded: %s"
              .formatted(model.label(), e.getMessage()),
          e);
    }
  }

  private static OrtSession session(Path network, int threads) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      // Waiting threads would burn the cores that the language model needs.
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      return OrtEnvironment.getEnvironment().createSession(network.toString(), options);
    }
  }

  @Override
  public String name() {
    return model.label();
  }

  @Override
  public int dimension() {
    return model.dimension();
  }

  @Override
  public float[][] encode(List<String> texts) {
    lifecycle.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("encoder %s is closed".formatted(name()));
      }
      long[][] tokens = tokenize(texts);
      // Texts of like length go together, so that little is computed on padding.
      int[] order =
          IntStream.range(0, tokens.length)
              .boxed()
              .sorted(Comparator.comparingInt((Integer i) -> tokens[i].length))
              .mapToInt(Integer::intValue)
              .toArray();
      float[][] vectors = new float[tokens.length][];
      int from = 0;
      while (from < order.length) {
        int to = batchEnd(tokens, order, from);
        run(tokens, Arrays.copyOfRange(order, from, to), vectors);
        from = to;
      }
      return vectors;
    } finally {
      lifecycle.readLock().unlock();
    }
  }

  private long[][] tokenize(List<String> texts) {
    String[] bounded =
        texts.stream().map(text -> Texts.bounded(text, MAX_CHARS)).toArray(String[]::new);
    if (bounded.length == 0) {
      return new long[0][];
    }
    return Arrays.stream(tokenizer.batchEncode(bounded))
        .map(Encoding::getIds)
        .toArray(long[][]::new);
  }

  /** The order is by length, so the last text of a batch says how wide it is. */
  private static int batchEnd(long[][] tokens, int[] order, int from) {
    int to = from + 1;
    while (to < order.length && (to - from + 1) * tokens[order[to]].length <= BATCH_TOKENS) {
      to++;
    }
    return to;
  }

  private void run(long[][] tokens, int[] batch, float[][] vectors) {
    int width = tokens[batch[batch.length - 1]].length;
    long[] ids = new long[batch.length * width];
    long[] mask = new long[ids.length];
    for (int row = 0; row < batch.length; row++) {
      long[] text = tokens[batch[row]];
      System.arraycopy(text, 0, ids, row * width, text.length);
      Arrays.fill(mask, row * width, row * width + text.length, 1L);
    }
    long[] shape = {batch.length, width};
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OnnxTensor idTensor = OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), shape);
        OnnxTensor maskTensor = OnnxTensor.createTensor(environment, LongBuffer.wrap(mask), shape);
        OnnxTensor typeTensor =
            OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[ids.length]), shape);
        OrtSession.Result result =
            session.run(
                Map.of(
                    "input_ids", idTensor,
                    "attention_mask", maskTensor,
                    "token_type_ids", typeTensor))) {
      FloatBuffer states = ((OnnxTensor) result.get(0)).getFloatBuffer();
      for (int row = 0; row < batch.length; row++) {
        float[] vector = new float[dimension()];
        // [texts, width, dimension]: the state of the first token, [CLS], stands for the text.
        states.get(row * width * dimension(), vector);
        normalize(vector);
        vectors[batch[row]] = vector;
      }
    } catch (OrtException e) {
      throw new ModelException("Encoder %s failed: %s".formatted(name(), e.getMessage()), e);
    }
  }

  private static void normalize(float[] vector) {
    double squares = 0;
    for (float value : vector) {
      squares += (double) value * value;
    }
    float scale = (float) (1 / Math.sqrt(squares));
    for (int i = 0; i < vector.length; i++) {
      vector[i] *= scale;
    }
  }

  @Override
  public void close() {
    lifecycle.writeLock().lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      tokenizer.close();
      session.close();
    } catch (OrtException e) {
      throw new ModelException("Encoder %s cannot be closed".formatted(name()), e);
    } finally {
      lifecycle.writeLock().unlock();
    }
  }
}
