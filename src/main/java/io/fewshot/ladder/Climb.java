package io.fewshot.ladder;

import io.fewshot.memory.Neighbour;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How far one message has come on the ladder. Belongs to one thread. */
final class Climb implements Answerer.Attempt {

  private final Case item;
  private String version;
  private Rung last = Rung.NEIGHBOURS;
  private Stage stage = Stage.of(Set.of());
  private Fusion.Opinion opinion = new Fusion.Opinion(List.of());
  private boolean accepted;
  private boolean novel;
  private boolean done;
  private final String encoder;
  private @Nullable Answer settled;

  Climb(Case item, String encoder) {
    this.item = item;
    this.encoder = encoder;
    this.version = encoder;
  }

  @Override
  public Optional<Answer> settled() {
    return Optional.ofNullable(settled);
  }

  @Override
  public Optional<Answer> fallback() {
    if (item.task().kind() != Kind.CLASSIFY) {
      return Optional.of(WrittenAnswers.copied(asked())).filter(copied -> copied.output() != null);
    }
    return stage.asked().isEmpty() || opinion.options().isEmpty()
        ? Optional.empty()
        : Optional.of(answer().unaccepted());
  }

  /** What was said so far is the answer. */
  void settle() {
    settle(answer());
  }

  void settle(Answer answer) {
    settled = answer;
  }

  WrittenAnswers.Asked asked() {
    return new WrittenAnswers.Asked(item, encoder);
  }

  Case item() {
    return item;
  }

  boolean isDone() {
    return done;
  }

  /** The neighbours had their say. */
  void askedNeighbours() {
    stage = stage.and(Rung.NEIGHBOURS);
  }

  void asked(LinearHead head) {
    stage = stage.and(head);
    last = Rung.HEAD;
    version = version + "+head-" + head.version();
  }

  void asked(RungScorer rung, String modelVersion) {
    stage = stage.and(rung);
    last = rung.rung();
    version = version.contains("+" + modelVersion) ? version : version + "+" + modelVersion;
    if (rung instanceof FineTunedRung tuned) {
      version = version + "+lora-" + tuned.release().version();
    }
  }

  /** Where it stands: which rungs had their say so far. */
  Stage stage() {
    return stage;
  }

  /** Decides by all that was said so far. */
  void judge(Calibration calibration, Optional<Proof> proof) {
    TaskDefinition task = item.task();
    opinion = calibration.fusion().opinion(item.candidates());
    double confidence = opinion.confidence();
    novel = calibration.isNovel(item, confidence);
    boolean trusted = !calibration.provisional();
    accepted = trusted && !novel && confidence >= Acceptance.accepts(task, calibration, proof);
    done = novel || (trusted && confidence >= Acceptance.suffices(task, calibration, proof));
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
        novel,
        item.prompt());
  }
}
