package io.fewshot.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Where each matrix of an adapter lies in the one row of floats that the program takes. In each
 * layer: A of q, k, v; B of q, of k, of v; A and B of o; A of gate and up; B of gate, of up; A and
 * B of down. Modules that read the same input have their A next to each other, to be multiplied in
 * one go.
 *
 * @param pieces in the order in which they lie
 * @param length floats in all
 */
public record LoraLayout(List<Piece> pieces, int length) {

  /**
   * A matrix, row by row.
   *
   * @param down whether it is A, which leads down to the rank, rather than B
   * @param offset of its first number
   */
  public record Piece(
      int layer, LoraModule module, boolean down, int rows, int columns, int offset) {

    public int size() {
      return rows * columns;
    }

    /** The name of the tensor within Hugging Face's model, as PEFT has it. */
    public String name() {
      return "layers.%d.%s.lora_%s.weight".formatted(layer, module.path(), down ? "A" : "B");
    }
  }

  private record Sizes(int width, int out, int keys, int inner) {

    int inputs(LoraModule module) {
      return switch (module) {
        case Q, K, V, GATE, UP -> width;
        case O -> out;
        case DOWN -> inner;
      };
    }

    int outputs(LoraModule module) {
      return switch (module) {
        case Q -> out;
        case K, V -> keys;
        case GATE, UP -> inner;
        case O, DOWN -> width;
      };
    }
  }

  private static final List<List<LoraModule>> JOINED =
      List.of(
          List.of(LoraModule.Q, LoraModule.K, LoraModule.V),
          List.of(LoraModule.O),
          List.of(LoraModule.GATE, LoraModule.UP),
          List.of(LoraModule.DOWN));

  static LoraLayout of(Architecture architecture, int inner, LoraConfig config) {
    Sizes sizes =
        new Sizes(
            architecture.width(),
            architecture.heads() * architecture.headWidth(),
            architecture.keyValueHeads() * architecture.headWidth(),
            inner);
    List<Piece> pieces = new ArrayList<>();
    int offset = 0;
    for (int layer = 0; layer < architecture.layers(); layer++) {
      for (List<LoraModule> joined : JOINED) {
        for (boolean down : new boolean[] {true, false}) {
          for (LoraModule module : joined) {
            int rank = config.rankOf(module);
            if (rank > 0) {
              int rows = down ? rank : sizes.outputs(module);
              int columns = down ? sizes.inputs(module) : rank;
              pieces.add(new Piece(layer, module, down, rows, columns, offset));
              offset = Math.addExact(offset, rows * columns);
            }
          }
        }
      }
    }
    return new LoraLayout(List.copyOf(pieces), offset);
  }

  /** A change of nothing from which training starts: A drawn as PEFT draws it, B zero. */
  float[] initial(long seed) {
    Random random = new Random(seed);
    float[] values = new float[length];
    for (Piece piece : pieces) {
      if (piece.down) {
        double bound = 1 / Math.sqrt(piece.columns);
        for (int i = 0; i < piece.size(); i++) {
          values[piece.offset + i] = (float) (bound * (2 * random.nextDouble() - 1));
        }
      }
    }
    return values;
  }
}
