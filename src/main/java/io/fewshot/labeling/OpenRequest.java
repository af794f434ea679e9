package io.fewshot.labeling;

import io.fewshot.event.Candidate;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Reason;
import java.time.Instant;
import java.util.List;

/**
 * A message that people are asked about.
 *
 * @param candidates the likely answers, best first
 * @param confidence in [0, 1]
 * @param propensity the probability, in (0, 1], with which it was sent to people
 * @param exampleIds of the examples that the guess rests on, nearest first
 */
public record OpenRequest(
    String queryId,
    String task,
    String text,
    List<Candidate> candidates,
    double confidence,
    Reason reason,
    double propensity,
    List<String> exampleIds,
    Instant createdAt) {

  /** As the topic has it; its record's time counts where it bears none of its own. */
  public static OpenRequest of(LabelingRequest request, Instant recordTime) {
    Instant own = request.getCreatedAt();
    return new OpenRequest(
        request.getQueryId(),
        request.getTask(),
        request.getText(),
        List.copyOf(request.getCandidates()),
        request.getConfidence(),
        request.getReason(),
        request.getPropensity() > 0 ? Math.min(1, request.getPropensity()) : 1,
        List.copyOf(request.getExampleIds()),
        own == null ? recordTime : own);
  }
}
