package io.fewshot.ladder;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.StoredExample;
import io.fewshot.memory.TaskMemory;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.TaskDefinition;
import java.util.function.Predicate;

/** Gathers what the rungs need to know about a message. */
final class CaseFactory {

  private final LabelBook book;

  CaseFactory(Encoders encoders) {
    this.book = new LabelBook(encoders);
  }

  /** A message. */
  Case of(TaskDefinition task, TaskMemory memory, String text, Embedding embedding) {
    return of(task, memory, text, embedding, example -> true, false);
  }

  /** An example that is answered again, without itself and its copies. */
  Case of(TaskDefinition task, TaskMemory memory, StoredExample example) {
    return of(
        task,
        memory,
        example.input(),
        new Embedding(example.encoder(), example.vector()),
        other -> !other.id().equals(example.id()) && !other.input().equals(example.input()),
        true);
  }

  /** A task's declared labels restrict the examples further. */
  private Case of(
      TaskDefinition task,
      TaskMemory memory,
      String text,
      Embedding embedding,
      Predicate<StoredExample> eligible,
      boolean stored) {
    boolean closed = task.kind() == Kind.CLASSIFY && !task.labels().isEmpty();
    Predicate<StoredExample> allowed =
        closed ? eligible.and(example -> task.labels().containsKey(example.output())) : eligible;
    Labels labels = book.of(task, memory, task.language().of(text));
    return new Case(task, text, memory.lookup(text, embedding, allowed), labels, embedding, stored);
  }
}
