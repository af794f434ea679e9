package io.fewshot.memory;

/**
 * A stored example and how near it is.
 *
 * @param similarity cosine for vector search, the strategy's own score otherwise; higher is nearer
 */
public record Neighbour(StoredExample example, double similarity) {}
