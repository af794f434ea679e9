package io.fewshot.model;

/**
 * A sequence to be learned from.
 *
 * @param tokens token ids, not empty
 * @param rows after which of the tokens something is predicted
 * @param targets what is: the index of a label, or a token's id
 * @param weight of each of its predictions
 * @param shares of the probability that each label should have, where one is not to have all of it;
 *     they sum to 1; else empty
 */
@SuppressWarnings("ArrayRecordComponent")
public record TuningSample(int[] tokens, int[] rows, int[] targets, double weight, float[] shares) {

  private static final float[] NONE = {};

  /** A sequence whose last token is to tell a label. */
  public static TuningSample ofLabel(int[] tokens, int label, double weight) {
    return new TuningSample(tokens, new int[] {tokens.length - 1}, new int[] {label}, weight, NONE);
  }

  /** A prompt and the completion that is to follow; the prompt itself is not learned. */
  public static TuningSample ofCompletion(int[] prompt, int[] completion, double weight) {
    int[] tokens = new int[prompt.length + completion.length - 1];
    System.arraycopy(prompt, 0, tokens, 0, prompt.length);
    System.arraycopy(completion, 0, tokens, prompt.length, completion.length - 1);
    int[] rows = new int[completion.length];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = prompt.length - 1 + i;
    }
    return new TuningSample(tokens, rows, completion, weight, NONE);
  }

  public TuningSample withWeight(double other) {
    return new TuningSample(tokens, rows, targets, other, shares);
  }

  public TuningSample withShares(float[] other) {
    return new TuningSample(tokens, rows, targets, weight, other);
  }
}
