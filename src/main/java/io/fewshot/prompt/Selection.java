package io.fewshot.prompt;

/** How examples are chosen for a message. */
public enum Selection {
  /** Reciprocal rank fusion of embedding and BM25. */
  HYBRID,
  /** Cosine of the embeddings. */
  EMBEDDING,
  /** BM25 over analyzed words. */
  BM25,
  /** Maximal marginal relevance: near the message, far from each other. */
  MMR,
  /** The number of shared words, as in the article; for comparison. */
  KEYWORD,
  /** Drawn at random; for comparison. */
  RANDOM
}
