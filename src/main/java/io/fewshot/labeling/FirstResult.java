package io.fewshot.labeling;

import io.fewshot.event.Result;
import io.fewshot.event.Status;
import org.jspecify.annotations.Nullable;

/** What was answered before people did. */
record FirstResult(
    String task, @Nullable String output, double confidence, boolean accepted, String rung) {

  static FirstResult of(Result result) {
    return new FirstResult(
        result.getTask(),
        result.getOutput(),
        result.getConfidence(),
        result.getStatus() == Status.ACCEPTED,
        result.getRung());
  }

  boolean isRight(String answer) {
    return output != null && output.strip().equals(answer.strip());
  }
}
