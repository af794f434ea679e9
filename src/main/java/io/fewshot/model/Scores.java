package io.fewshot.model;

/**
 * Log-likelihoods of continuations.
 *
 * @param logLikelihoods natural logarithm, summed over the tokens of each candidate, in the order
 *     of the request
 */
public record Scores(double[] logLikelihoods) {}
