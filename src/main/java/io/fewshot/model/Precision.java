package io.fewshot.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What weights and activations are computed in. */
public enum Precision {
  /** Whichever of the two below multiplies matrices faster on this machine. */
  AUTO(0),
  FP32(4),
  BF16(2),
  /**
   * Products of the layers in 8 bits, weights by row and activations by token; all else in bf16 or
   * fp32, whichever is faster. Only on a CPU, and never chosen by itself: likelihoods differ more.
   */
  INT8(2);

  private static final Logger log = LoggerFactory.getLogger(Precision.class);
  private static final int ROUNDS = 12;

  /** After so many rounds a product that takes over twice as long as the other has lost. */
  private static final int ENOUGH = 3;

  private final int bytes;

  Precision(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one number of those that are kept between passes. */
  int bytes() {
    return bytes;
  }

  /** Of one number in the products of the layers. */
  public int bits() {
    return this == INT8 ? Byte.SIZE : Byte.SIZE * bytes;
  }

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws ModelException when there is no such precision
   */
  public static Precision ofLabel(String label) {
    for (Precision precision : values()) {
      if (precision.label().equals(label)) {
        return precision;
      }
    }
    throw new ModelException("Precision " + label + " is unknown; use auto, fp32, bf16 or int8");
  }

  /**
   * What a decoder is loaded in where this is asked for.
   *
   * @throws ModelException when it cannot be computed on the manager's device
   */
  Precision chosen(NDManager manager, DecoderProgram program, boolean toTrain) {
    // Gradients do not flow through rounded numbers.
    if (this == AUTO || this == INT8 && toTrain) {
      return measure(manager, program);
    }
    if (this == INT8) {
      if (manager.getDevice().isGpu()) {
        throw new ModelException("int8 is computed on a CPU only; set fewshot.dtype to auto");
      }
    }
    return this;
  }

  /** What all but the products of the layers is computed in. */
  Precision besideProducts(NDManager manager, DecoderProgram program) {
    return this == INT8 ? measure(manager, program) : this;
  }

  /**
   * Times a product of a small decoder's shape in both precisions: without AVX512-BF16, AMX or a
   * GPU, bf16 loses. Both take turns on one thread, and the best of several rounds counts, by
   * processor time where a processor computes: what else runs on the machine must not decide.
   */
  static Precision measure(NDManager manager, DecoderProgram program) {
    try (NDManager scratch = manager.newSubManager();
        Lanes lane = new Lanes(1, "precision")) {
      NDArray x = scratch.ones(new Shape(256, 576), DataType.FLOAT32);
      NDArray y = scratch.ones(new Shape(1536, 576), DataType.FLOAT32);
      NDList full = new NDList(x, y);
      NDList half = new NDList(cast(scratch, program, x), cast(scratch, program, y));
      LongSupplier clock =
          manager.getDevice().isGpu()
              ? System::nanoTime
              : ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime;
      long[] best = lane.alone(() -> best(scratch, program, List.of(full, half), clock));
      Precision chosen = best[1] < best[0] ? BF16 : FP32;
      log.info(
          "Precision auto takes {}: a matrix product takes {} us in bf16, {} us in fp32",
          chosen.label(),
          best[1] / 1000,
          best[0] / 1000);
      return chosen;
    }
  }

  private static NDArray cast(NDManager scratch, DecoderProgram program, NDArray x) {
    return program.run(scratch, "bfloat16", new NDList(x)).singletonOrThrow();
  }

  /** The shortest time of each product, in nanoseconds; a first round warms up. */
  private static long[] best(
      NDManager scratch, DecoderProgram program, List<NDList> products, LongSupplier clock) {
    long[] best = new long[products.size()];
    Arrays.fill(best, Long.MAX_VALUE);
    for (int round = 0; round <= ROUNDS && !(round > ENOUGH && clear(best)); round++) {
      for (int i = 0; i < best.length; i++) {
        long start = clock.getAsLong();
        try (NDList product = program.run(scratch, "product", products.get(i))) {
          // Read, for a GPU may still be computing what is not.
          float read = product.singletonOrThrow().getFloat(0, 0);
          long elapsed = clock.getAsLong() - start;
          best[i] = round == 0 || Float.isNaN(read) ? best[i] : Math.min(best[i], elapsed);
        }
      }
    }
    return best;
  }

  private static boolean clear(long[] times) {
    LongSummaryStatistics all = LongStream.of(times).summaryStatistics();
    return all.getMax() > 2 * all.getMin();
  }
}
