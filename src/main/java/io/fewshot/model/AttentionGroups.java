package io.fewshot.model;

import io.fewshot.model.Decoder.Past;
import io.fewshot.model.Decoder.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A pass's sequences, ordered so that those whose attention is computed in one operation stand
 * together. One operation for each sequence would cost more in overhead than in arithmetic; one for
 * all would pad each to the longest. So short sequences with the same past and about the same
 * length form a group, padded to its longest for attention only. A long one stands alone, without
 * padding.
 *
 * @param packed in the order in which their tokens are packed
 * @param groups in the same order
 */
record AttentionGroups(List<Sequence> packed, List<Group> groups) {

  /** Padding that a group may have, as a share of its tokens. */
  private static final double MAX_PADDING = 0.3;

  /** Padding that costs less than another operation would, in tokens. */
  private static final int FREE_PADDING = 64;

  /** From this length on, a sequence fills an operation of its own. */
  private static final int LONG = 64;

  /**
   * @param ends {@code [members, longest]}, row by row; see {@link TokenTree#ends}
   * @param spread for each padded place the group's row to read; empty when nothing is padded
   * @param collect for each row of the group its padded place; empty when nothing is padded
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Group(
      int members, int longest, @Nullable Past past, long[] ends, long[] spread, long[] collect) {

    static Group of(List<Sequence> members) {
      int longest = members.stream().mapToInt(m -> m.tree().size()).max().orElse(0);
      int rows = members.stream().mapToInt(m -> m.tree().size()).sum();
      long[] ends = new long[members.size() * longest];
      // What pads comes after everything real, so the causal order already hides it.
      Arrays.fill(ends, longest - 1);
      long[] spread = new long[ends.length];
      long[] collect = new long[rows];
      int row = 0;
      for (int member = 0; member < members.size(); member++) {
        int[] own = members.get(member).tree().ends();
        for (int i = 0; i < own.length; i++) {
          int place = member * longest + i;
          ends[place] = own[i];
          spread[place] = row;
          collect[row++] = place;
        }
      }
      boolean full = rows == ends.length;
      long[] none = new long[0];
      Past past = members.get(0).past();
      return new Group(
          members.size(), longest, past, ends, full ? none : spread, full ? none : collect);
    }
  }

  /** Each sequence alone, in the order given. */
  static AttentionGroups single(List<Sequence> sequences) {
    return new AttentionGroups(
        sequences, sequences.stream().map(sequence -> Group.of(List.of(sequence))).toList());
  }

  /** As few groups as the bounds on padding allow. */
  static AttentionGroups joined(List<Sequence> sequences) {
    List<Past> pasts = new ArrayList<>();
    for (Sequence sequence : sequences) {
      Past past = sequence.past();
      if (past != null && !pasts.contains(past)) {
        pasts.add(past);
      }
    }
    List<Sequence> packed =
        sequences.stream()
            .sorted(
                Comparator.<Sequence>comparingInt(s -> pasts.indexOf(s.past()))
                    .thenComparingInt(s -> s.tree().size()))
            .toList();
    List<Group> groups = new ArrayList<>();
    List<Sequence> members = new ArrayList<>();
    int tokens = 0;
    for (Sequence sequence : packed) {
      int length = sequence.tree().size();
      boolean fits =
          members.isEmpty()
              || length < LONG
                  && Objects.equals(members.get(0).past(), sequence.past())
                  && (members.size() + 1) * length - tokens - length
                      <= Math.max(FREE_PADDING, MAX_PADDING * (tokens + length));
      if (!fits) {
        groups.add(Group.of(members));
        members = new ArrayList<>();
        tokens = 0;
      }
      members.add(sequence);
      tokens += length;
    }
    groups.add(Group.of(members));
    return new AttentionGroups(packed, groups);
  }
}
