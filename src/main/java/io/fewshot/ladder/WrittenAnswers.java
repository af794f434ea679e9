package io.fewshot.ladder;

import io.fewshot.prompt.TaskDefinition;
import java.util.List;

/** Answers of tasks that extract or generate: the language model writes them. */
final class WrittenAnswers {

  private final ModelSource models;
  private final int promptBudget;

  WrittenAnswers(ModelSource models, int promptBudget) {
    this.models = models;
    this.promptBudget = promptBudget;
  }

  List<Answer> answer(
      TaskDefinition task, List<Case> cases, boolean canWrite, List<String> encoders) {
    throw new UnsupportedOperationException(models.toString() + promptBudget);
  }
}
