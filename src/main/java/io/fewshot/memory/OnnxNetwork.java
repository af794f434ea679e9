package io.fewshot.memory;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.fewshot.model.ModelException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** An encoder's network in fp32 on ONNX Runtime, which any processor runs. Owns the session. */
final class OnnxNetwork implements EncoderNetwork {

  // Small batches stay in the cores' caches: on two cores 512 tokens at a time took 13 % less time
  // than 4096, and a single text of the greatest length still goes alone.
  private static final int BATCH_TOKENS = 512;

  private final OrtSession session;
  private final int dimension;

  private OnnxNetwork(OrtSession session, int dimension) {
    this.session = session;
    this.dimension = dimension;
  }

  /**
   * @param threads how many threads one pass uses
   * @throws ModelException when the file or native library cannot be used
   */
  static OnnxNetwork load(EncoderModel model, Path file, int threads) {
    try {
      return new OnnxNetwork(session(file, threads), model.dimension());
    } catch (OrtException | UnsatisfiedLinkError | NoClassDefFoundError e) {
      throw new ModelException(
          "ONNX Runtime cannot load encoder %s: %s".formatted(model.label(), e.getMessage()), e);
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
  public boolean fits(int texts, int tokens, int longest) {
    return texts * longest <= BATCH_TOKENS;
  }

  @Override
  public float[][] firstStates(List<long[]> texts) {
    int width = texts.get(texts.size() - 1).length;
    long[] ids = new long[texts.size() * width];
    long[] mask = new long[ids.length];
    for (int row = 0; row < texts.size(); row++) {
      long[] text = texts.get(row);
      System.arraycopy(text, 0, ids, row * width, text.length);
      Arrays.fill(mask, row * width, row * width + text.length, 1L);
    }
    long[] shape = {texts.size(), width};
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
      // [texts, width, dimension]
      FloatBuffer states = ((OnnxTensor) result.get(0)).getFloatBuffer();
      float[][] first = new float[texts.size()][dimension];
      for (int row = 0; row < first.length; row++) {
        states.get(row * width * dimension, first[row]);
      }
      return first;
    } catch (OrtException e) {
      throw new ModelException("ONNX Runtime failed: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new ModelException("ONNX Runtime cannot close its session", e);
    }
  }
}
