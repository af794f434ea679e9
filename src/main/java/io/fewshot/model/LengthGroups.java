package io.fewshot.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Sequences of a pass, those of the same length together: the linear layers run on all tokens one
 * after the other, attention on each group in one operation, and nothing is padded.
 *
 * @param order index of the sequence at each place
 * @param starts where each place's sequence begins among the packed tokens
 * @param groups {@code [sequences, length]} of each group
 */
@SuppressWarnings("ArrayRecordComponent")
record LengthGroups(int[] order, int[] starts, List<long[][]> groups) {

  static LengthGroups of(List<int[]> sequences) {
    TreeMap<Integer, List<Integer>> byLength = new TreeMap<>();
    for (int i = 0; i < sequences.size(); i++) {
      byLength.computeIfAbsent(sequences.get(i).length, length -> new ArrayList<>()).add(i);
    }
    int[] order = new int[sequences.size()];
    int[] starts = new int[sequences.size()];
    List<long[][]> groups = new ArrayList<>();
    int place = 0;
    int token = 0;
    for (Map.Entry<Integer, List<Integer>> entry : byLength.entrySet()) {
      long[][] group = new long[entry.getValue().size()][entry.getKey()];
      for (int row = 0; row < group.length; row++) {
        int index = entry.getValue().get(row);
        int[] tokens = sequences.get(index);
        for (int i = 0; i < tokens.length; i++) {
          group[row][i] = tokens[i];
        }
        order[place] = index;
        starts[place++] = token;
        token += tokens.length;
      }
      groups.add(group);
    }
    return new LengthGroups(order, starts, groups);
  }

  /** Appends the program's list of tokens. */
  void addTokens(NDManager pass, NDList arguments) {
    for (long[][] group : groups) {
      long[] flat = new long[group.length * group[0].length];
      for (int row = 0; row < group.length; row++) {
        System.arraycopy(group[row], 0, flat, row * group[0].length, group[0].length);
      }
      NDArray array = pass.create(flat, new Shape(group.length, group[0].length));
      array.setName("tokens[]");
      arguments.add(array);
    }
  }
}
