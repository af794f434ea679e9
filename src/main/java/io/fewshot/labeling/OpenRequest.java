package io.fewshot.labeling;

import io.fewshot.event.Candidate;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Reason;
import io.fewshot.event.SaneTime;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

  /** As the topic has it; its record's time counts where its own cannot be true. */
  public static OpenRequest of(LabelingRequest request, Instant recordTime) {
    return new OpenRequest(
        request.getQueryId(),
        request.getTask(),
        request.getText(),
        List.copyOf(request.getCandidates()),
        request.getConfidence(),
        request.getReason(),
        request.getPropensity() > 0 ? Math.min(1, request.getPropensity()) : 1,
        List.copyOf(request.getExampleIds()),
        SaneTime.of(request.getCreatedAt(), recordTime.toEpochMilli()));
  }

  /** For the topic. */
  LabelingRequest toRecord() {
    return LabelingRequest.newBuilder()
        .setQueryId(queryId)
        .setTask(task)
        .setText(text)
        .setCandidates(candidates)
        .setConfidence(confidence)
        .setReason(reason)
        .setPropensity(propensity)
        .setExampleIds(exampleIds)
        .setCreatedAt(createdAt)
        .build();
  }

  /** Whether an answer is among the likely ones. */
  boolean offers(String output) {
    return candidates.stream().anyMatch(each -> each.getOutput().equals(output));
  }

  /** The same with another name for one answer; two of one name become one. */
  OpenRequest renamed(String from, String to) {
    Map<String, Double> merged = new LinkedHashMap<>();
    for (Candidate each : candidates) {
      merged.merge(
          each.getOutput().equals(from) ? to : each.getOutput(),
          each.getProbability(),
          Double::sum);
    }
    List<Candidate> renamed =
        merged.entrySet().stream()
            .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
            .map(each -> new Candidate(each.getKey(), Math.min(1, each.getValue())))
            .toList();
    return new OpenRequest(
        queryId, task, text, renamed, confidence, reason, propensity, exampleIds, createdAt);
  }
}
