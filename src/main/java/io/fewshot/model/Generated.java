package io.fewshot.model;

/**
 * A greedy continuation.
 *
 * @param text without what ended it
 * @param tokens ids generated, the end of turn left out
 * @param logProbabilities natural logarithm of each token's probability; where the model's end of
 *     turn was generated, one more for it
 * @param finished whether the model ended its answer, or a stop text did, before the limit
 */
@SuppressWarnings("ArrayRecordComponent")
public record Generated(String text, int[] tokens, double[] logProbabilities, boolean finished) {}
