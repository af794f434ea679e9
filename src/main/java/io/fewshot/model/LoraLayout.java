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
      return name(layer, module, down);
    }

    public static String name(int layer, LoraModule module, boolean down) {
      return "layers.%d.%s.lora_%s.weight".formatted(layer, module.path(), down ? "A" : "B");
    }
  }

  /** What a module reads and writes. */
  @FunctionalInterface
  public interface Widths {

    /**
     * @param input whether that of the input is asked for, rather than that of the output
     */
    int of(LoraModule module, boolean input);
  }

  private static final List<List<LoraModule>> JOINED =
      List.of(
          List.of(LoraModule.Q, LoraModule.K, LoraModule.V),
          List.of(LoraModule.O),
          List.of(LoraModule.GATE, LoraModule.UP),
          List.of(LoraModule.DOWN));

  static LoraLayout of(Architecture architecture, int inner, LoraConfig config) {
    int width = architecture.width();
    int out = architecture.heads() * architecture.headWidth();
    int keys = architecture.keyValueHeads() * architecture.headWidth();
    return of(
        architecture.layers(),
        config,
        (module, input) ->
            switch (module) {
              case Q -> input ? width : out;
              case K, V -> input ? width : keys;
              case O -> input ? out : width;
              case GATE, UP -> input ? width : inner;
              case DOWN -> input ? inner : width;
            });
  }

  public static LoraLayout of(int layers, LoraConfig config, Widths widths) {
    List<Piece> pieces = new ArrayList<>();
    int offset = 0;
    for (int layer = 0; layer < layers; layer++) {
      for (List<LoraModule> joined : JOINED) {
        for (boolean down : new boolean[] {true, false}) {
          for (LoraModule module : joined) {
            int rank = config.rankOf(module);
            if (rank > 0) {
              int rows = down ? rank : widths.of(module, false);
              int columns = down ? widths.of(module, true) : rank;
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
