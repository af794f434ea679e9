package io.fewshot.prompt;

/** The fixed words of a prompt, in the language of the task. */
record Wording(String message, String answer) {

  private static final Wording ENGLISH = new Wording("Message:", "Answer:");
  private static final Wording CHINESE = new Wording("消息：", "答案：");

  /** Under {@link Language#AUTO} the instruction decides: the front of the prompt stays one. */
  static Wording of(TaskDefinition task) {
    return task.language().of(task.instruction()) == Language.ZH ? CHINESE : ENGLISH;
  }
}
