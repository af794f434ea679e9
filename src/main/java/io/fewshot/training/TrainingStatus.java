package io.fewshot.training;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fewshot.event.Method;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * How far a task's training is, and in the end what came of it; the value of the topic {@code
 * trainings}, as JSON.
 *
 * @param done from 0 to 1
 * @param why for people; empty while it is on its way
 * @param version what was released; empty when nothing was
 * @param metrics what the gate measured
 * @param partition of the request in the topic {@code retrain}
 * @param upTo requests of the task up to this offset are answered by this training
 * @param at milliseconds since the epoch
 */
public record TrainingStatus(
    @JsonProperty("task") String task,
    @JsonProperty("method") Method method,
    @JsonProperty("state") State state,
    @JsonProperty("step") String step,
    @JsonProperty("done") double done,
    @JsonProperty("why") String why,
    @JsonProperty("version") String version,
    @JsonProperty("metrics") Map<String, Double> metrics,
    @JsonProperty("partition") int partition,
    @JsonProperty("up_to") long upTo,
    @JsonProperty("at") long at) {

  private static final ObjectMapper JSON =
      new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

  /** Where a training stands. */
  public enum State {
    TRAINING,
    /** It serves. */
    RELEASED,
    /** It did not pass the gate, or could not be made; {@code why} says more. */
    REJECTED,
    /** An error ended it. */
    FAILED
  }

  /** Whether it has ended and answers a request. */
  public boolean answers(int requestPartition, long offset) {
    return state != State.TRAINING && partition == requestPartition && upTo >= offset;
  }

  byte[] bytes() {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The status in a record's value; empty when there is none in it. */
  public static Optional<TrainingStatus> of(byte @org.jspecify.annotations.Nullable [] value) {
    if (value == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(value, TrainingStatus.class));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
