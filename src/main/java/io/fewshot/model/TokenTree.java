package io.fewshot.model;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A prompt and its candidates as one sequence of tokens: the candidates form a tree below the
 * prompt, stored in preorder, so that beginnings which candidates share are computed once.
 *
 * <p>Token {@code k} is seen by token {@code q} when {@code k <= q <= ends[k]}: preorder makes each
 * subtree an interval. A candidate's last token is predicted but never read, so it is no node.
 *
 * <p>The idea is tree attention as in speculative decoding (Miao et al., SpecInfer, 2023).
 *
 * @param tokens the prompt without its cached front, then the tree's inner nodes
 * @param positions of the tokens, the cached front counted
 * @param ends last token that sees each token
 * @param rows for each prediction the token after which it is made
 * @param targets for each prediction the token predicted
 * @param owners for each prediction the candidate it belongs to
 */
@SuppressWarnings("ArrayRecordComponent")
record TokenTree(
    int[] tokens, int[] positions, int[] ends, int[] rows, int[] targets, int[] owners) {

  /**
   * @param cached tokens at the front of the prompt that are already computed; less than its length
   * @param candidates none empty
   */
  static TokenTree of(int cached, int[] prompt, List<int[]> candidates) {
    int own = prompt.length - cached;
    int predictions = candidates.stream().mapToInt(c -> c.length).sum();
    int most = own + predictions - candidates.size();
    int[] tokens = Arrays.copyOf(Arrays.copyOfRange(prompt, cached, prompt.length), most);
    int[] positions = new int[most];
    int[] ends = new int[most];
    int[] rows = new int[predictions];
    int[] targets = new int[predictions];
    int[] owners = new int[predictions];
    Arrays.setAll(positions, i -> cached + i);

    // Neighbours in lexicographic order share the most, so one path suffices to build the tree.
    int[] order =
        IntStream.range(0, candidates.size())
            .boxed()
            .sorted(Comparator.comparing(candidates::get, Arrays::compare))
            .mapToInt(Integer::intValue)
            .toArray();
    int[] path = new int[candidates.stream().mapToInt(c -> c.length).max().orElse(1)];
    int depth = 0;
    int size = own;
    int prediction = 0;
    for (int owner : order) {
      int[] candidate = candidates.get(owner);
      int common = 0;
      while (common < depth
          && common < candidate.length - 1
          && tokens[path[common]] == candidate[common]) {
        common++;
      }
      for (int d = common; d < depth; d++) {
        ends[path[d]] = size - 1;
      }
      depth = common;
      for (int i = 0; i < candidate.length; i++) {
        rows[prediction] = i == 0 ? own - 1 : path[i - 1];
        targets[prediction] = candidate[i];
        owners[prediction++] = owner;
        if (i == depth && i < candidate.length - 1) {
          tokens[size] = candidate[i];
          positions[size] = prompt.length + i;
          path[depth++] = size++;
        }
      }
    }
    for (int d = 0; d < depth; d++) {
      ends[path[d]] = size - 1;
    }
    Arrays.fill(ends, 0, own, size - 1);
    return new TokenTree(
        Arrays.copyOf(tokens, size),
        Arrays.copyOf(positions, size),
        Arrays.copyOf(ends, size),
        rows,
        targets,
        owners);
  }

  /** Tokens that follow {@code cached} others and of which nothing is predicted. */
  static TokenTree plain(int cached, int[] tokens) {
    int[] positions = new int[tokens.length];
    Arrays.setAll(positions, i -> cached + i);
    int[] ends = new int[tokens.length];
    Arrays.fill(ends, tokens.length - 1);
    int[] none = new int[0];
    return new TokenTree(tokens, positions, ends, none, none, none);
  }

  int size() {
    return tokens.length;
  }
}
