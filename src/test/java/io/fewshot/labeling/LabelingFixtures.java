package io.fewshot.labeling;

import io.fewshot.event.Candidate;
import io.fewshot.event.Correction;
import io.fewshot.event.Reason;
import java.time.Instant;
import java.util.List;

/** Records as the stream writes them. */
final class LabelingFixtures {

  static final String TASK = "intents";
  static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");

  private LabelingFixtures() {}

  static OpenRequest request(String id, Reason reason, double confidence, long age) {
    return new OpenRequest(
        id,
        TASK,
        "text of " + id,
        List.of(new Candidate("refund", confidence)),
        confidence,
        reason,
        reason == Reason.AUDIT ? 0.1 : 1,
        List.of("e1"),
        T0.minusSeconds(age));
  }

  static OpenRequest unsure(String id, double confidence) {
    return request(id, Reason.LOW_CONFIDENCE, confidence, 0);
  }

  static Correction correction(String id, String output, String labeler) {
    return Correction.newBuilder()
        .setQueryId(id)
        .setTask(TASK)
        .setText("text of " + id)
        .setOutput(output)
        .setLabeler(labeler)
        .setCreatedAt(T0)
        .build();
  }
}
