package io.fewshot.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Texts whose attention is computed in one operation, padded to the longest for attention only.
 *
 * @param lengths in tokens
 * @param spread for each padded place the group's row to read; empty when nothing is padded
 * @param collect for each row of the group its padded place
 */
@SuppressWarnings("ArrayRecordComponent")
record PaddedGroup(long[] lengths, long[] spread, long[] collect) {

  /** Another operation costs about as much as attention over so many padded tokens. */
  private static final int FREE_PADDING = 64;

  /**
   * @param lengths of texts, the shortest first
   * @return few groups of like length, in order
   */
  static List<PaddedGroup> of(int[] lengths) {
    List<PaddedGroup> groups = new ArrayList<>();
    int from = 0;
    int tokens = 0;
    for (int i = 0; i < lengths.length; i++) {
      if ((i + 1 - from) * lengths[i] - tokens - lengths[i] > FREE_PADDING) {
        groups.add(group(Arrays.copyOfRange(lengths, from, i)));
        from = i;
        tokens = 0;
      }
      tokens += lengths[i];
    }
    groups.add(group(Arrays.copyOfRange(lengths, from, lengths.length)));
    return groups;
  }

  private static PaddedGroup group(int[] lengths) {
    int longest = lengths[lengths.length - 1];
    long[] spread = new long[lengths.length * longest];
    long[] collect = new long[Arrays.stream(lengths).sum()];
    int row = 0;
    for (int text = 0; text < lengths.length; text++) {
      for (int i = 0; i < lengths[text]; i++) {
        spread[text * longest + i] = row;
        collect[row++] = (long) text * longest + i;
      }
    }
    boolean full = collect.length == spread.length;
    return new PaddedGroup(
        Arrays.stream(lengths).asLongStream().toArray(), full ? new long[0] : spread, collect);
  }
}
