package io.fewshot.model;

import java.util.List;

/**
 * A prompt to be continued.
 *
 * @param shared as in {@link Scoring}
 * @param prompt token ids, the shared ones included, not empty
 * @param maxTokens at most so many are generated
 * @param stops texts that end the answer, not part of it; the model's own end of turn always does
 */
@SuppressWarnings("ArrayRecordComponent")
public record Generation(int shared, int[] prompt, int maxTokens, List<String> stops) {

  public Generation {
    stops = List.copyOf(stops);
  }
}
