package io.fewshot.model;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Rounds a layer's matrices to 8 bits, each row by a scale of its own, for products with
 * activations that are rounded token by token.
 *
 * <p>Without VNNI, two products of an unsigned and a signed number of 8 bits are summed up in 16
 * bits, which the largest overflow. There the matrices take 7 bits: 2 x 255 x 63 is less than 2^15.
 *
 * <p>A few channels of a decoder's hidden state are far larger than all others, and a scale that
 * fits them leaves the others few steps. So the hidden state is turned by an orthogonal matrix,
 * which spreads each channel over all: what reads it is turned back, what writes to it is turned
 * with it, and the norm between, which has no direction, stays what it is once its weights have
 * moved into the matrix after it (Ashkboos et al. 2024, QuaRot, arXiv:2404.00456; here the matrix
 * is that of the cosine transform, which exists for every width). It costs nothing in a pass but
 * two small products at its ends.
 */
final class EightBits {

  private static final float EIGHT_BITS = 127;
  private static final float SEVEN_BITS = 63;

  private final NDManager manager;
  private final DecoderProgram program;
  private final NDArray turn;
  private final NDArray steps;
  private final List<NDArray> scales = new ArrayList<>();
  private NDArray norm;

  /**
   * @param manager owns all arrays
   * @param width of the hidden state
   * @throws ModelException when this processor cannot multiply numbers of 8 bits
   */
  EightBits(NDManager manager, DecoderProgram program, int width) {
    this.manager = manager;
    this.program = program;
    this.turn = manager.create(cosines(width), new Shape(width, width));
    this.norm = manager.ones(new Shape(width));
    this.steps = manager.create(new float[] {steps(manager, program)});
  }

  /**
   * The largest number that a matrix may be rounded to.
   *
   * @throws ModelException when none gives right products here
   */
  private static float steps(NDManager manager, DecoderProgram program) {
    try {
      for (float steps : new float[] {EIGHT_BITS, SEVEN_BITS}) {
        if (exact(manager, program, steps)) {
          return steps;
        }
      }
    } catch (EngineException e) {
      throw new ModelException(
          "Numbers of 8 bits cannot be multiplied here; set fewshot.dtype to auto: "
              + TorchEngine.oneLine(e),
          e);
    }
    throw new ModelException(
        "This processor multiplies no numbers of 8 bits exactly; set fewshot.dtype to auto");
  }

  /** Whether the largest numbers of both sides are multiplied without overflow. */
  private static boolean exact(NDManager manager, DecoderProgram program, float steps) {
    int columns = 64;
    try (NDManager scratch = manager.newSubManager()) {
      NDArray ones = scratch.ones(new Shape(32, columns), DataType.FLOAT32);
      NDArray most = scratch.create(new float[] {steps});
      NDList packed = program.run(scratch, "eights", new NDList(ones, most));
      NDArray row = scratch.ones(new Shape(1, columns), DataType.FLOAT32);
      NDList arguments = new NDList(row, packed.get(0), packed.get(1));
      float product = program.run(scratch, "bytes", arguments).singletonOrThrow().toFloatArray()[0];
      return Math.abs(product - columns) <= 0.01;
    }
  }

  /** The weights of the norm before the next matrix that reads. */
  NDArray norm(NDArray weights) {
    norm = weights;
    return weights;
  }

  /** A matrix that is multiplied with the normalized hidden state. */
  NDArray reading(NDArray matrix) {
    return packed(program.run(manager, "reading", new NDList(matrix, norm, turn, steps)));
  }

  /** A matrix whose product is added to the hidden state. */
  NDArray writing(NDArray matrix) {
    return packed(program.run(manager, "writing", new NDList(matrix, turn, steps)));
  }

  private NDArray packed(NDList matrixAndScale) {
    scales.add(matrixAndScale.get(1));
    return matrixAndScale.get(0);
  }

  /** Five scales of each layer, in the order of their matrices, and the matrix that turns. */
  List<NDArray> rest() {
    List<NDArray> rest = new ArrayList<>(scales);
    rest.add(turn);
    return rest;
  }

  /** The orthogonal cosine transform (DCT-II), row by row. */
  private static float[] cosines(int width) {
    float[] numbers = new float[width * width];
    for (int row = 0; row < width; row++) {
      double length = Math.sqrt((row == 0 ? 1.0 : 2.0) / width);
      for (int column = 0; column < width; column++) {
        numbers[row * width + column] =
            (float) (length * Math.cos(Math.PI / width * (column + 0.5) * row));
      }
    }
    return numbers;
  }
}
