package io.fewshot.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Cuts scoring requests into passes of bounded memory: at most so many packed tokens, and so many
 * predictions through the vocabulary head.
 *
 * @param maxTokens of one pass; a prompt that alone is longer gets a pass of its own
 * @param maxPredictions of one pass; each holds two rows as wide as the model
 */
record Packing(int maxTokens, int maxPredictions) {

  /**
   * A request, or some of its candidates.
   *
   * @param request index of the request
   * @param candidates indices of the candidates
   * @param cached tokens at the prompt's front that come from the cache
   */
  record Piece(int request, List<Integer> candidates, int cached, TokenTree tree) {}

  /**
   * As few passes as the bounds allow, but at least {@code lanes} when there is enough to do, and
   * of about equal cost: the dearest piece goes to the pass that has the least (Graham's LPT rule).
   *
   * @param cached for each request how many tokens of its prompt come from the cache
   */
  List<List<Piece>> passes(List<Scoring> requests, int[] cached, int lanes) {
    List<Piece> pieces = new ArrayList<>();
    for (int request = 0; request < requests.size(); request++) {
      pieces.addAll(pieces(request, requests.get(request), cached[request]));
    }
    pieces.sort(Comparator.comparingInt((Piece piece) -> piece.tree.size()).reversed());
    int tokens = pieces.stream().mapToInt(piece -> piece.tree.size()).sum();
    int predictions = pieces.stream().mapToInt(piece -> piece.tree.targets().length).sum();
    int needed = Math.max(ceilDiv(tokens, maxTokens), ceilDiv(predictions, maxPredictions));
    List<Open> passes = new ArrayList<>();
    for (int i = 0; i < Lanes.passes(needed, lanes); i++) {
      passes.add(new Open());
    }
    for (Piece piece : pieces) {
      passes.stream()
          .filter(pass -> pass.fits(piece))
          .min(Comparator.comparingInt(pass -> pass.tokens))
          .orElseGet(
              () -> {
                Open more = new Open();
                passes.add(more);
                return more;
              })
          .add(piece);
    }
    return passes.stream().map(pass -> pass.pieces).filter(pass -> !pass.isEmpty()).toList();
  }

  private static int ceilDiv(int value, int by) {
    return (value + by - 1) / by;
  }

  /** A pass that is being filled. */
  private final class Open {
    private final List<Piece> pieces = new ArrayList<>();
    private int tokens;
    private int predictions;

    boolean fits(Piece piece) {
      return pieces.isEmpty()
          || tokens + piece.tree.size() <= maxTokens
              && predictions + piece.tree.targets().length <= maxPredictions;
    }

    void add(Piece piece) {
      pieces.add(piece);
      tokens += piece.tree.size();
      predictions += piece.tree.targets().length;
    }
  }

  /** One piece where it fits, else as few as do. */
  private List<Piece> pieces(int request, Scoring scoring, int cached) {
    List<Piece> pieces = new ArrayList<>();
    List<Integer> taken = new ArrayList<>();
    int tokens = scoring.prompt().length - cached;
    int predictions = 0;
    for (int c = 0; c < scoring.candidates().size(); c++) {
      int length = scoring.candidates().get(c).length;
      boolean full = tokens + length - 1 > maxTokens || predictions + length > maxPredictions;
      if (full && !taken.isEmpty()) {
        pieces.add(piece(request, scoring, cached, taken));
        taken = new ArrayList<>();
        tokens = scoring.prompt().length - cached;
        predictions = 0;
      }
      taken.add(c);
      tokens += length - 1;
      predictions += length;
    }
    if (!taken.isEmpty()) {
      pieces.add(piece(request, scoring, cached, taken));
    }
    return pieces;
  }

  private static Piece piece(int request, Scoring scoring, int cached, List<Integer> taken) {
    List<int[]> candidates = taken.stream().map(scoring.candidates()::get).toList();
    return new Piece(
        request, List.copyOf(taken), cached, TokenTree.of(cached, scoring.prompt(), candidates));
  }
}
