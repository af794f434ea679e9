package io.fewshot.training;

import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.HeadSource;
import io.fewshot.ladder.Ladder;
import io.fewshot.ladder.LadderSettings;
import io.fewshot.ladder.LinearHead;
import io.fewshot.ladder.Message;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import io.fewshot.prompt.Promise;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Lets a candidate and what serves now answer the same messages, each as the top of the ladder's
 * rungs without a language model. Owns a memory of the examples until it is closed.
 */
final class HeadTrial implements AutoCloseable {

  private static final int BATCH = 64;

  /** More would tell little more and take long. */
  private static final int MOST_AGAIN = 2000;

  private final Encoders encoders;
  private final TaskDefinition task;
  private final ExampleMemory memory = new ExampleMemory();

  HeadTrial(Encoders encoders, TaskDefinition task) {
    this.encoders = encoders;
    this.task = climbing(task);
  }

  /** The memory holds what was trained on; the messages are what was held out. */
  Gate.Verdict onHoldout(
      Gate gate,
      List<StoredExample> train,
      List<StoredExample> holdout,
      LinearHead candidate,
      Optional<LinearHead> incumbent,
      Gate.Reason reason) {
    train.forEach(memory::put);
    List<String> texts = holdout.stream().map(StoredExample::input).toList();
    return gate.decide(
        holdout.stream().map(StoredExample::output).toList(),
        answers(Optional.of(candidate), texts),
        answers(incumbent, texts),
        reason,
        "held out messages");
  }

  /** The messages are the examples, each answered without itself by a fold that never saw it. */
  Gate.Verdict byCrossValidation(
      Gate gate,
      List<StoredExample> train,
      List<StoredExample> holdout,
      LinearHead candidate,
      Optional<LinearHead> incumbent,
      Gate.Reason reason) {
    List<StoredExample> all = new ArrayList<>(train);
    all.addAll(holdout);
    all.forEach(memory::put);
    List<StoredExample> asked = all.stream().limit(MOST_AGAIN).toList();
    return gate.decide(
        asked.stream().map(StoredExample::output).toList(),
        answersAgain(Optional.of(candidate), asked),
        answersAgain(incumbent, asked),
        reason,
        "cross-validated examples");
  }

  private List<@Nullable String> answers(Optional<LinearHead> head, List<String> texts) {
    try (Ladder ladder = ladder(head)) {
      return outputs(answers(ladder, task, texts, BATCH, done -> {}));
    }
  }

  /**
   * What a ladder says to each text.
   *
   * @param progress told what share is done
   * @throws TrainingStoppedException when the thread is interrupted
   */
  static List<Answer> answers(
      Ladder ladder, TaskDefinition task, List<String> texts, int batch, DoubleConsumer progress) {
    List<Answer> answers = new ArrayList<>();
    for (int from = 0; from < texts.size(); from += batch) {
      TrainingStoppedException.check();
      progress.accept(from / (double) texts.size());
      List<Message> some =
          texts.subList(from, Math.min(texts.size(), from + batch)).stream()
              .map(text -> new Message(task, text))
              .toList();
      answers.addAll(ladder.answer(some));
    }
    return answers;
  }

  static List<@Nullable String> outputs(List<Answer> answers) {
    List<@Nullable String> outputs = new ArrayList<>();
    answers.forEach(answer -> outputs.add(answer.output()));
    return outputs;
  }

  private List<@Nullable String> answersAgain(
      Optional<LinearHead> head, List<StoredExample> asked) {
    try (Ladder ladder = ladder(head)) {
      return ladder.answerAgain(task, asked);
    }
  }

  private Ladder ladder(Optional<LinearHead> head) {
    HeadSource heads = name -> head;
    Ladder ladder =
        new Ladder(
            encoders,
            memory,
            name -> {
              throw new Answerer.NotReadyException("no language model is asked here");
            },
            heads,
            LadderSettings.DEFAULTS.withRunnable(EnumSet.of(Rung.NEIGHBOURS, Rung.HEAD)));
    ladder.calibrate(task);
    return ladder;
  }

  /** The same task with a promise that no confidence satisfies, so that every rung is asked. */
  static TaskDefinition climbing(TaskDefinition task) {
    return task.withPromise(new Promise.Confidence(2));
  }

  @Override
  public void close() {
    memory.close();
  }
}
