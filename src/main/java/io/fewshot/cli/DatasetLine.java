package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.TrainingExample;

/**
 * A training example as a line of an exported data set: the record's fields, and the same as a
 * conversation, {@code prompt} and {@code completion}, which TRL trains on the completion of.
 */
final class DatasetLine {

  private DatasetLine() {}

  /**
   * @param timestamp of the record, in milliseconds since the epoch: for one that does not say when
   *     it was made. A column that is null at first and a number later is not read by datasets.
   */
  static ObjectNode of(TrainingExample example, long timestamp) {
    ObjectNode line = JsonLines.of(example);
    if (example.getCreatedAt() == null) {
      line.put("created_at", timestamp);
    }
    turn(line, "prompt", "user", example.getInput());
    turn(line, "completion", "assistant", example.getOutput());
    return line;
  }

  private static void turn(ObjectNode line, String name, String role, String content) {
    line.putArray(name).addObject().put("role", role).put("content", content);
  }
}
