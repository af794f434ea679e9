package io.fewshot.training;

import io.fewshot.ladder.Answer;
import io.fewshot.ladder.FineTuned;
import io.fewshot.ladder.HeadSource;
import io.fewshot.ladder.Judge;
import io.fewshot.ladder.Ladder;
import io.fewshot.ladder.LadderSettings;
import io.fewshot.ladder.LinearHead;
import io.fewshot.ladder.WrittenConfidence.Judged;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import io.fewshot.model.LanguageModel;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets a fine-tuned candidate and what serves now answer the messages that were held out, each at
 * the top of the ladder. What serves is the fine-tuned model before it; without one it is the
 * language model with examples, where the task asks it, and that the candidate is cheaper than.
 */
final class LoraTrial implements AutoCloseable {

  private static final int BATCH = 32;

  /** With examples, or where it writes, the language model takes part of a second for a message. */
  private static final int MOST_ASKED = 200;

  private final Encoders encoders;
  private final TaskDefinition task;
  private final LanguageModel model;
  private final Optional<LinearHead> head;
  private final HeadTraining.Progress progress;
  private final ExampleMemory memory = new ExampleMemory();

  LoraTrial(
      Encoders encoders,
      TaskDefinition task,
      LanguageModel model,
      Optional<LinearHead> head,
      HeadTraining.Progress progress) {
    this.encoders = encoders;
    this.task = HeadTrial.climbing(task);
    this.model = model;
    this.head = head;
    this.progress = progress;
  }

  /**
   * What was decided.
   *
   * @param judged what a candidate wrote, of which it is known whether it is right
   */
  record Decision(Gate.Verdict verdict, List<Judged> judged) {}

  Decision decide(
      Gate gate,
      List<StoredExample> train,
      List<StoredExample> holdout,
      FineTuned candidate,
      Optional<FineTuned> incumbent,
      boolean forgets) {
    train.forEach(memory::put);
    boolean prompted = incumbent.isEmpty() && task.rungs().contains(Rung.FEW_SHOT);
    boolean few = prompted || candidate.writes();
    List<StoredExample> asked = few ? holdout.stream().limit(MOST_ASKED).toList() : holdout;
    List<String> texts = asked.stream().map(StoredExample::input).toList();
    Set<Rung> before = EnumSet.of(Rung.NEIGHBOURS, Rung.HEAD, Rung.FINE_TUNED);
    if (prompted) {
      before.add(Rung.FEW_SHOT);
    }
    Gate.Reason reason =
        forgets ? Gate.Reason.FORGETS : prompted ? Gate.Reason.CHEAPER : Gate.Reason.NONE;
    List<Answer> answers =
        answers(
            Optional.of(candidate), EnumSet.of(Rung.NEIGHBOURS, Rung.HEAD, Rung.FINE_TUNED), texts);
    Gate.Verdict verdict =
        gate.decide(
            asked.stream().map(example -> Judge.comparable(task.kind(), example.output())).toList(),
            comparable(answers),
            comparable(answers(incumbent, before, texts)),
            reason,
            "held out messages");
    return new Decision(verdict, candidate.writes() ? judged(asked, answers) : List.of());
  }

  private List<@Nullable String> comparable(List<Answer> answers) {
    List<@Nullable String> outputs = new ArrayList<>();
    for (Answer answer : answers) {
      String output = answer.output();
      outputs.add(output == null ? null : Judge.comparable(task.kind(), output));
    }
    return outputs;
  }

  /** What broke off or is no JSON has no confidence whatever its words, and teaches none. */
  private List<Judged> judged(List<StoredExample> asked, List<Answer> answers) {
    List<Judged> judged = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      Answer answer = answers.get(i);
      if (answer.confidence() > 0) {
        boolean right = Judge.isRight(task.kind(), asked.get(i).output(), answer.output());
        judged.add(new Judged(answer.confidence(), right));
      }
    }
    return judged;
  }

  private List<Answer> answers(Optional<FineTuned> tuned, Set<Rung> rungs, List<String> texts) {
    HeadSource releases =
        new HeadSource() {
          @Override
          public Optional<LinearHead> head(String name) {
            return head;
          }

          @Override
          public Optional<FineTuned> fineTuned(String name) {
            return tuned;
          }
        };
    try (Ladder ladder =
        new Ladder(
            encoders,
            memory,
            name -> model,
            releases,
            LadderSettings.DEFAULTS.withRunnable(rungs))) {
      ladder.calibrate(task);
      return HeadTrial.answers(ladder, task, texts, BATCH, done -> progress.at("comparing", done));
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
