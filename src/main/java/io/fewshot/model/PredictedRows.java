package io.fewshot.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which packed rows need the vocabulary head, and which row and token each prediction reads.
 *
 * @param picks index into {@code unique}
 */
@SuppressWarnings("ArrayRecordComponent")
record PredictedRows(long[] unique, long[] picks, long[] targets) {

  static PredictedRows of(List<Decoder.Sequence> sequences) {
    Map<Long, Long> index = new LinkedHashMap<>();
    List<Long> picks = new ArrayList<>();
    List<Long> targets = new ArrayList<>();
    long start = 0;
    for (Decoder.Sequence sequence : sequences) {
      TokenTree tree = sequence.tree();
      for (int i = 0; i < tree.targets().length; i++) {
        long next = index.size();
        picks.add(index.computeIfAbsent(start + tree.rows()[i], row -> next));
        targets.add((long) tree.targets()[i]);
      }
      start += tree.size();
    }
    return new PredictedRows(longs(index.keySet()), longs(picks), longs(targets));
  }

  private static long[] longs(Collection<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }
}
