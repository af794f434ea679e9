package io.fewshot.ladder;

import io.fewshot.memory.Neighbour;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.List;

/** How far one message has come on the ladder. Belongs to one thread. */
final class Climb {

  private final Case item;
  private String version;
  private Rung last = Rung.NEIGHBOURS;
  private Fusion.Opinion opinion = new Fusion.Opinion(List.of());
  private boolean accepted;
  private boolean novel;
  private boolean done;

  Climb(Case item, String encoder) {
    this.item = item;
    this.version = encoder;
  }

  Case item() {
    return item;
  }

  boolean isDone() {
    return done;
  }

  void asked(Rung rung, String modelVersion) {
    last = rung;
    version += "+" + modelVersion;
  }

  /** Decides by all that was said so far. */
  void judge(Calibration calibration) {
    TaskDefinition task = item.task();
    opinion = calibration.fusion().opinion(item.candidates());
    double confidence = opinion.confidence();
    novel = calibration.isNovel(item, confidence);
    boolean stands = confidence >= Acceptance.accepts(task.promise(), calibration);
    accepted = stands && !novel && task.start() == TaskDefinition.Start.PROVISIONAL;
    done = novel || confidence >= Acceptance.suffices(task.promise(), calibration);
  }

  Answer answer() {
    List<Answer.Option> options = opinion.options();
    return new Answer(
        options.isEmpty() ? null : options.get(0).output(),
        opinion.confidence(),
        options,
        last,
        item.shots().stream().map(Neighbour::example).map(example -> example.id()).toList(),
        version,
        item.promptTokens(),
        item.truncated(),
        accepted,
        novel);
  }
}
