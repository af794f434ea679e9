package io.fewshot.model;

import java.util.List;

/**
 * A prompt and the continuations whose likelihood is asked for.
 *
 * @param shared how many tokens at the front of the prompt all prompts of the task have in common
 *     (a multiple may be answered from a cache); 0 when unknown
 * @param prompt token ids, the shared ones included
 * @param candidates token ids of each continuation, none empty
 */
public record Scoring(int shared, int[] prompt, List<int[]> candidates) {}
