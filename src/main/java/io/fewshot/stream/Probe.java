package io.fewshot.stream;

import io.fewshot.ladder.Message;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.TaskDefinition;
import java.util.List;

/**
 * Messages that every task can be asked about: when one cannot be answered, the system is at fault.
 */
final class Probe {

  static final String TEXT = "Hello, could you help me please?";
  private static final String CHINESE = "你好，请问可以帮我吗？";

  private Probe() {}

  /** One in each language of a batch, since each may have an encoder of its own. */
  static List<Message> like(TaskDefinition task, List<BufferedQuery> batch) {
    return batch.stream()
        .map(query -> task.language().of(query.query().getText()))
        .distinct()
        .map(language -> new Message(task, language == Language.ZH ? CHINESE : TEXT))
        .toList();
  }
}
