package io.fewshot.model;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts scoring requests into passes of bounded memory: at most so many packed tokens, and so many
 * predictions through the vocabulary head.
 *
 * @param maxTokens of one pass; a prompt that alone is longer gets a pass of its own
 * @param maxPredictions of one pass; each holds as many floats as the vocabulary has tokens
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
   * @param cached for each request how many tokens of its prompt come from the cache
   */
  List<List<Piece>> passes(List<Scoring> requests, int[] cached) {
    List<List<Piece>> passes = new ArrayList<>();
    List<Piece> pass = new ArrayList<>();
    int tokens = 0;
    int predictions = 0;
    for (int request = 0; request < requests.size(); request++) {
      for (Piece piece : pieces(request, requests.get(request), cached[request])) {
        boolean full =
            tokens + piece.tree.size() > maxTokens
                || predictions + piece.tree.targets().length > maxPredictions;
        if (full && !pass.isEmpty()) {
          passes.add(pass);
          pass = new ArrayList<>();
          tokens = 0;
          predictions = 0;
        }
        pass.add(piece);
        tokens += piece.tree.size();
        predictions += piece.tree.targets().length;
      }
    }
    if (!pass.isEmpty()) {
      passes.add(pass);
    }
    return passes;
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
