package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TokenTreeTest {

  @Test
  void candidatesShareTheirBeginnings() {
    int[] prompt = {50, 51, 52};
    List<int[]> candidates =
        List.of(new int[] {7, 8, 9}, new int[] {3, 4}, new int[] {7, 8}, new int[] {7, 5, 6});

    TokenTree tree = TokenTree.of(1, prompt, candidates);

    // The prompt from its second token on; then 3; then 7 with its children 5 and 8.
    assertThat(tree.tokens()).containsExactly(51, 52, 3, 7, 5, 8);
    assertThat(tree.positions()).containsExactly(1, 2, 3, 3, 4, 4);
    assertThat(tree.ends()).containsExactly(5, 5, 2, 5, 4, 5);
    assertThat(tree.owners()).containsExactly(1, 1, 3, 3, 3, 2, 2, 0, 0, 0);
    assertThat(tree.targets()).containsExactly(3, 4, 7, 5, 6, 7, 8, 7, 8, 9);
    assertThat(tree.rows()).containsExactly(1, 2, 1, 3, 4, 1, 3, 1, 3, 5);
  }

  @Test
  void passesStayWithinTheirBudgets() {
    Packing packing = new Packing(20, 6);
    List<int[]> many =
        List.of(new int[] {1, 2}, new int[] {3, 4}, new int[] {5, 6}, new int[] {7, 8});
    Scoring split = new Scoring(0, new int[10], many);
    Scoring small = new Scoring(0, new int[10], List.of(new int[] {1}));
    Scoring alone = new Scoring(0, new int[50], List.of(new int[] {1}));

    List<List<Packing.Piece>> passes =
        packing.passes(List.of(split, small, alone, small), new int[4], 1);

    assertThat(passes)
        .allSatisfy(
            pass -> {
              int tokens = pass.stream().mapToInt(p -> p.tree().size()).sum();
              int predictions = pass.stream().mapToInt(p -> p.tree().targets().length).sum();
              assertThat(tokens <= 20 || pass.size() == 1).isTrue();
              assertThat(predictions).isLessThanOrEqualTo(6);
            });
    assertThat(passes.stream().flatMap(List::stream).mapToInt(p -> p.candidates().size()).sum())
        .isEqualTo(7);
    assertThat(passes.stream().flatMap(List::stream).filter(p -> p.request() == 0)).hasSize(2);
  }
}
