package io.fewshot.cli;

import io.fewshot.prompt.Kind;
import io.fewshot.prompt.TaskDefinition;
import org.jspecify.annotations.Nullable;

/** Which labels of a file can be given as corrections. */
final class Corrections {

  /** Marks a message that is none of the task's business. */
  static final String OUT_OF_SCOPE = "oos";

  private Corrections() {}

  /** Whether a label says what the right output is: one that the task declares, if it does. */
  static boolean isLabelOf(TaskDefinition task, @Nullable String label) {
    if (label == null || label.isBlank()) {
      return false;
    }
    if (task.kind() != Kind.CLASSIFY) {
      return true;
    }
    return task.labels().isEmpty() ? !label.equals(OUT_OF_SCOPE) : task.labels().containsKey(label);
  }
}
