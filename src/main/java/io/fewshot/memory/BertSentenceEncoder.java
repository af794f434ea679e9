package io.fewshot.memory;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.fewshot.model.BertEncoder;
import io.fewshot.model.ModelException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A BERT sentence encoder: tokenizer and network, both native resources that this object owns. Both
 * allow calls from several threads, so only closing excludes encoding.
 */
final class BertSentenceEncoder implements Encoder {

  static final int MAX_TOKENS = 512;

  private static final Logger log = LoggerFactory.getLogger(BertSentenceEncoder.class);

  // Far more than 512 tokens of any real text; what comes after would be cut anyway.
  private static final int MAX_CHARS = 16 * MAX_TOKENS;

  /** How near to fp32 vectors must be to carry the same name; see decision 0009. */
  static final double LEAST_COSINE = 0.995;

  private final EncoderModel model;
  private final HuggingFaceTokenizer tokenizer;
  private final EncoderNetwork network;
  private final ReadWriteLock lifecycle = new ReentrantReadWriteLock();
  private volatile boolean closed;
  private boolean released;

  private BertSentenceEncoder(
      EncoderModel model, HuggingFaceTokenizer tokenizer, EncoderNetwork network) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.network = network;
  }

  /**
   * Loads and warms up: on PyTorch, or where that cannot be had or gives other vectors, on ONNX
   * Runtime.
   *
   * @param threads how many threads one pass on ONNX Runtime uses
   * @throws ModelException when the files or native libraries cannot be had
   */
  static BertSentenceEncoder load(EncoderModel model, EncoderFiles files, int threads) {
    Path file = files.path(model.network());
    Path vocabulary = files.path(model.tokenizer());
    Optional<BertSentenceEncoder> fast = onPyTorch(model, file, vocabulary);
    return fast.orElseGet(() -> fp32(model, file, vocabulary, threads));
  }

  /** On ONNX Runtime, whatever the machine. */
  static BertSentenceEncoder loadFp32(EncoderModel model, EncoderFiles files, int threads) {
    return fp32(model, files.path(model.network()), files.path(model.tokenizer()), threads);
  }

  private static BertSentenceEncoder fp32(
      EncoderModel model, Path file, Path vocabulary, int threads) {
    return opened(model, vocabulary, OnnxNetwork.load(model, file, threads));
  }

  private static Optional<BertSentenceEncoder> onPyTorch(
      EncoderModel model, Path file, Path vocabulary) {
    BertEncoder bert;
    try {
      bert = BertEncoder.load(file, model.heads());
    } catch (ModelException e) {
      log.warn("Encoder {} runs on ONNX Runtime in fp32: {}", model.label(), e.getMessage());
      return Optional.empty();
    }
    BertSentenceEncoder encoder = opened(model, vocabulary, new TorchNetwork(bert));
    double cosine = model.probe().cosine(encoder.encode(List.of(EncoderModel.Probe.TEXT))[0]);
    if (cosine >= LEAST_COSINE) {
      log.info("Encoder {} runs in {} on PyTorch", model.label(), bert.precision());
      return Optional.of(encoder);
    }
    encoder.close();
    log.warn(
        "Encoder {} runs on ONNX Runtime in fp32: PyTorch gives other vectors in {} (cosine {})",
        model.label(),
        bert.precision(),
        cosine);
    return Optional.empty();
  }

  private static BertSentenceEncoder opened(
      EncoderModel model, Path vocabulary, EncoderNetwork network) {
    BertSentenceEncoder encoder;
    try {
      encoder = new BertSentenceEncoder(model, tokenizer(model, vocabulary), network);
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
    try {
      encoder.encode(List.of("warm", "warm up the kernels with a few more words than one"));
      return encoder;
    } catch (RuntimeException e) {
      encoder.close();
      throw e;
    }
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
      refuseWhenClosed();
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
        // Closing waits for one batch, not for a long list of texts.
        refuseWhenClosed();
        int to = batchEnd(tokens, order, from);
        run(tokens, Arrays.copyOfRange(order, from, to), vectors);
        from = to;
      }
      return vectors;
    } finally {
      lifecycle.readLock().unlock();
    }
  }

  private void refuseWhenClosed() {
    if (closed) {
      throw new IllegalStateException("encoder %s is closed".formatted(name()));
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

  /** The order is by length, so the last text of a batch is its longest. */
  private int batchEnd(long[][] tokens, int[] order, int from) {
    int to = from + 1;
    int sum = tokens[order[from]].length;
    while (to < order.length) {
      int length = tokens[order[to]].length;
      sum += length;
      if (!network.fits(to - from + 1, sum, length)) {
        return to;
      }
      to++;
    }
    return to;
  }

  private void run(long[][] tokens, int[] batch, float[][] vectors) {
    float[][] states;
    try {
      states = network.firstStates(Arrays.stream(batch).mapToObj(i -> tokens[i]).toList());
    } catch (ModelException e) {
      throw new ModelException("Encoder %s failed: %s".formatted(name(), e.getMessage()), e);
    }
    for (int i = 0; i < batch.length; i++) {
      normalize(states[i]);
      vectors[batch[i]] = states[i];
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

  /** Waits for the batch under way, so that no native memory goes while it is computed with. */
  @Override
  public void close() {
    closed = true;
    lifecycle.writeLock().lock();
    try {
      if (released) {
        return;
      }
      released = true;
      tokenizer.close();
      network.close();
    } finally {
      lifecycle.writeLock().unlock();
    }
  }
}
