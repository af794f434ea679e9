package io.fewshot.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Rounds a layer's matrices to 8 bits, each row by a scale of its own, for products with
 * activations that are rounded token by token.
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

  private final NDManager manager;
  private final DecoderProgram program;
  private final NDArray turn;
  private final List<NDArray> scales = new ArrayList<>();
  private NDArray norm;

  /**
   * @param manager owns all arrays
   * @param width of the hidden state
   */
  EightBits(NDManager manager, DecoderProgram program, int width) {
    this.manager = manager;
    this.program = program;
    this.turn = manager.create(cosines(width), new Shape(width, width));
    this.norm = manager.ones(new Shape(width));
  }

  /** The weights of the norm before the next matrix that reads. */
  NDArray norm(NDArray weights) {
    norm = weights;
    return weights;
  }

  /** A matrix that is multiplied with the normalized hidden state. */
  NDArray reading(NDArray matrix) {
    return packed(program.run(manager, "reading", new NDList(matrix, norm, turn)));
  }

  /** A matrix whose product is added to the hidden state. */
  NDArray writing(NDArray matrix) {
    return packed(program.run(manager, "writing", new NDList(matrix, turn)));
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
