package io.fewshot.ladder;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.EncoderLoadingException;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import io.fewshot.memory.TaskMemory;
import io.fewshot.model.LanguageModel;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers messages rung by rung: a message climbs only while what is said about it does not satisfy
 * the task's promise. Safe for use by several threads. Closing it ends its calibration thread;
 * encoders, memory and models belong to others.
 *
 * <p>What the promises mean here:
 *
 * <ul>
 *   <li>accuracy and confidence: an answer is accepted from that calibrated confidence on, and a
 *       message that has it climbs no further; what audits prove moves the confidence that an
 *       accuracy takes;
 *   <li>share: the confidence that this share of the stored examples reaches when each is answered
 *       without itself; a message below 0.95 climbs on, since better is better within the share;
 *   <li>cost: rungs whose measured cost for one message is higher are not asked; what is more
 *       likely right than wrong is accepted.
 * </ul>
 *
 * <p>A novel message climbs no further either: no rung knows more about what nobody has labelled.
 */
public final class Ladder implements Answerer, AutoCloseable {

  private final Encoders encoders;
  private final ExampleMemory memory;
  private final ModelSource models;
  private final HeadSource heads;
  private final AuditBook audits;
  private final LadderSettings settings;
  private final CaseFactory factory;
  private final RungScorer neighbours = new NeighbourRung();
  private final RungScorer fewShot;
  private final WrittenAnswers written;
  private final Calibrator calibrator;
  private final Costs costs = new Costs();

  public Ladder(
      Encoders encoders, ExampleMemory memory, ModelSource models, LadderSettings settings) {
    this(encoders, memory, models, HeadSource.NONE, settings);
  }

  public Ladder(
      Encoders encoders,
      ExampleMemory memory,
      ModelSource models,
      HeadSource heads,
      LadderSettings settings) {
    this(encoders, memory, models, heads, new AuditBook(), settings);
  }

  public Ladder(
      Encoders encoders,
      ExampleMemory memory,
      ModelSource models,
      HeadSource heads,
      AuditBook audits,
      LadderSettings settings) {
    this.audits = audits;
    this.encoders = encoders;
    this.memory = memory;
    this.models = models;
    this.heads = heads;
    this.settings = settings;
    this.factory = new CaseFactory(encoders);
    this.fewShot = new FewShotRung(models, settings.promptBudget());
    this.written = new WrittenAnswers(models, settings.promptBudget());
    this.calibrator = new Calibrator(factory, settings, this::allScorers);
  }

  @Override
  public List<Attempt> attempt(List<Message> batch) {
    return whenEncoderIsReady(
        () ->
            ByTask.handle(
                batch,
                Message::task,
                (task, messages) ->
                    List.<Attempt>copyOf(
                        attempt(task, messages.stream().map(Message::text).toList()))));
  }

  private static <T> T whenEncoderIsReady(Supplier<T> computation) {
    try {
      return computation.get();
    } catch (EncoderLoadingException e) {
      throw new NotReadyException(String.valueOf(e.getMessage()), true);
    }
  }

  @Override
  public List<Answer> finish(List<Attempt> open) {
    List<Climb> climbs = open.stream().map(Climb.class::cast).toList();
    return ByTask.handle(climbs, climb -> climb.item().task(), this::finish);
  }

  private List<Climb> attempt(TaskDefinition task, List<String> texts) {
    TaskMemory known = memory.task(task.task());
    long start = System.nanoTime();
    List<Embedding> embeddings = encoders.encode(task.language(), texts);
    List<Climb> climbs = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      Case item = factory.of(task, known, texts.get(i), embeddings.get(i));
      climbs.add(new Climb(item, embeddings.get(i).encoder()));
    }
    if (task.kind() == Kind.CLASSIFY) {
      neighbours.score(items(climbs));
      costs.measured(task.task(), Rung.NEIGHBOURS, texts.size(), System.nanoTime() - start);
      settleCheaply(task, known, climbs);
    } else if (!runs(task, Rung.FEW_SHOT) && fineTuned(task).isEmpty()) {
      climbs.forEach(climb -> climb.settle(WrittenAnswers.copied(climb.asked())));
    }
    return climbs;
  }

  /**
   * Asks the rungs that cost no language model. Where the neighbours are not among the task's rungs
   * they only choose the candidates.
   */
  private void settleCheaply(TaskDefinition task, TaskMemory known, List<Climb> climbs) {
    Optional<HeadRung> head = headRung(task);
    boolean last = above(task).isEmpty();
    if (runs(task, Rung.NEIGHBOURS)) {
      climbs.forEach(Climb::askedNeighbours);
      judge(task, known, climbs);
    }
    head.ifPresent(rung -> askHead(task, known, rung, climbs));
    if (last) {
      // Those that nobody had a say about: the head is missing, or does not read this encoder.
      judge(task, known, climbs.stream().filter(c -> c.stage().asked().isEmpty()).toList());
    }
    climbs.stream().filter(climb -> last || climb.isDone()).forEach(Climb::settle);
  }

  private void askHead(TaskDefinition task, TaskMemory known, HeadRung rung, List<Climb> climbs) {
    List<Climb> open =
        climbs.stream().filter(climb -> !climb.isDone() && rung.reads(climb.item())).toList();
    long start = System.nanoTime();
    rung.score(items(open));
    costs.measured(task.task(), Rung.HEAD, open.size(), System.nanoTime() - start);
    open.forEach(climb -> climb.asked(rung.head()));
    judge(task, known, open);
  }

  private List<Answer> finish(TaskDefinition task, List<Climb> climbs) {
    if (task.kind() != Kind.CLASSIFY) {
      List<WrittenAnswers.Asked> asked = climbs.stream().map(Climb::asked).toList();
      return written.answer(task, asked, fineTuned(task), audits.proof(task));
    }
    TaskMemory known = memory.task(task.task());
    List<RungScorer> above = above(task);
    if (above.isEmpty()) {
      // What it costs was measured meanwhile, and the promise no longer allows it.
      judge(task, known, climbs);
    }
    List<Climb> open = climbs;
    for (RungScorer rung : above) {
      if (open.isEmpty()) {
        break;
      }
      long start = System.nanoTime();
      rung.score(items(open));
      costs.measured(task.task(), rung.rung(), open.size(), System.nanoTime() - start);
      String version = models.get(task.model()).version();
      open.forEach(climb -> climb.asked(rung, version));
      judge(task, known, open);
      open = open.stream().filter(climb -> !climb.isDone()).toList();
    }
    return climbs.stream().map(Climb::answer).toList();
  }

  private void judge(TaskDefinition task, TaskMemory known, List<Climb> climbs) {
    Map<Stage, Calibration> calibrations = new HashMap<>();
    Optional<Proof> proof = audits.proof(task);
    for (Climb climb : climbs) {
      climb.judge(
          calibrations.computeIfAbsent(climb.stage(), stage -> calibrator.of(task, known, stage)),
          proof);
    }
  }

  private Optional<HeadRung> headRung(TaskDefinition task) {
    boolean runs = task.kind() == Kind.CLASSIFY && runs(task, Rung.HEAD);
    return runs ? heads.head(task.task()).map(HeadRung::new) : Optional.empty();
  }

  /** Only what was trained for the task's language model, and for what the task is now. */
  private Optional<FineTuned> fineTuned(TaskDefinition task) {
    return Optional.of(task.task())
        .filter(name -> runs(task, Rung.FINE_TUNED))
        .flatMap(heads::fineTuned)
        .filter(release -> fits(task, release));
  }

  private static boolean fits(TaskDefinition task, FineTuned release) {
    return release.model().equals(task.model())
        && release.writes() == (task.kind() != Kind.CLASSIFY);
  }

  /**
   * The rungs that cost a language model, as far as task, process and promise allow them. What was
   * fine-tuned comes first: it reads the message alone, and so replaces the dearer way in time.
   */
  private List<RungScorer> above(TaskDefinition task) {
    List<RungScorer> above = new ArrayList<>();
    fineTuned(task).ifPresent(release -> above.add(new FineTunedRung(release, models)));
    if (runs(task, Rung.FEW_SHOT)) {
      above.add(fewShot);
    }
    above.removeIf(rung -> !costs.allows(task.promise(), task.task(), rung.rung()));
    return above;
  }

  private boolean runs(TaskDefinition task, Rung rung) {
    return task.rungs().contains(rung) && settings.runnable().contains(rung);
  }

  /** The neighbours come first whether they have a say or not: they choose the candidates. */
  private List<RungScorer> allScorers(Stage stage) {
    List<RungScorer> chosen = new ArrayList<>();
    chosen.add(neighbours);
    LinearHead head = stage.head();
    if (head != null) {
      chosen.add(new HeadRung(head));
    }
    FineTuned tuned = stage.tuned();
    if (tuned != null) {
      chosen.add(new FineTunedRung(tuned, models));
    }
    if (stage.asked().contains(Rung.FEW_SHOT)) {
      chosen.add(fewShot);
    }
    return chosen;
  }

  private static List<Case> items(List<Climb> climbs) {
    return climbs.stream().map(Climb::item).toList();
  }

  /**
   * Calibrates all stages of a task now, on the calling thread, instead of in the background.
   *
   * @throws NotReadyException when the language model that a stage needs is not there yet
   */
  public void calibrate(TaskDefinition task) {
    if (task.kind() != Kind.CLASSIFY) {
      return;
    }
    TaskMemory known = memory.task(task.task());
    Stage stage = Stage.of(Set.of());
    if (runs(task, Rung.NEIGHBOURS)) {
      stage = stage.and(Rung.NEIGHBOURS);
      calibrator.calibrate(task, known, stage);
    }
    Optional<HeadRung> head = headRung(task);
    if (head.isPresent()) {
      stage = stage.and(head.get().head());
      calibrator.calibrate(task, known, stage);
    }
    for (RungScorer rung : above(task)) {
      stage = stage.and(rung);
      calibrator.calibrate(task, known, stage);
    }
  }

  /**
   * Whether the stages that cost no language model are calibrated, as far as the task's examples
   * suffice for that; begins to calibrate, in the background, where they are not. Until they are,
   * no answer of theirs is accepted.
   */
  public boolean isCalibrated(TaskDefinition task) {
    if (task.kind() != Kind.CLASSIFY) {
      return true;
    }
    TaskMemory known = memory.task(task.task());
    Stage cheap = cheapStage(task);
    boolean calibrated = cheap.asked().isEmpty() || isCalibrated(task, known, cheap);
    return headRung(task)
            .map(rung -> isCalibrated(task, known, cheap.and(rung.head())))
            .orElse(true)
        && calibrated;
  }

  private boolean isCalibrated(TaskDefinition task, TaskMemory known, Stage stage) {
    return !calibrator.of(task, known, stage).provisional();
  }

  /**
   * Makes a head ready before it serves, so that its first answers are calibrated; on the calling
   * thread.
   */
  public void prepare(TaskDefinition task, LinearHead head) {
    if (task.kind() == Kind.CLASSIFY && runs(task, Rung.HEAD)) {
      calibrateWhenReady(task, cheapStage(task).and(head));
    }
  }

  private void calibrateWhenReady(TaskDefinition task, Stage stage) {
    whenEncoderIsReady(
        () -> {
          calibrator.calibrate(task, memory.task(task.task()), stage);
          return stage;
        });
  }

  /**
   * The same for a fine-tuned model, which is also brought to where it is computed with.
   *
   * @throws NotReadyException when the language model is not there yet
   */
  public void prepare(TaskDefinition task, FineTuned release) {
    if (!runs(task, Rung.FINE_TUNED) || !fits(task, release)) {
      return;
    }
    if (release.writes()) {
      written.warmUp(task, release);
      return;
    }
    LanguageModel model = models.get(release.model());
    int[] prompt =
        FineTunedPrompt.classify(model.tokenizer(), task.instruction(), release.maxTokens());
    model.classify(release.adapter(), List.of(prompt));
    Stage stage =
        headRung(task).map(rung -> cheapStage(task).and(rung.head())).orElse(cheapStage(task));
    calibrateWhenReady(task, stage.and(release));
  }

  private Stage cheapStage(TaskDefinition task) {
    return Stage.of(runs(task, Rung.NEIGHBOURS) ? Set.of(Rung.NEIGHBOURS) : Set.of());
  }

  /**
   * Answers stored examples again by the rungs without a language model, each as if neither it nor
   * its copies were stored, and by the fold of the head that has not seen it.
   *
   * @return what is most likely for each, in order; null where nothing is
   */
  public List<@Nullable String> answerAgain(TaskDefinition task, List<StoredExample> examples) {
    TaskMemory known = memory.task(task.task());
    Optional<HeadRung> head = headRung(task);
    Stage stage = head.map(rung -> cheapStage(task).and(rung.head())).orElse(cheapStage(task));
    Calibration calibration = calibrator.of(task, known, stage);
    List<@Nullable String> answers = new ArrayList<>();
    for (StoredExample example : examples) {
      Case item = factory.of(task, known, example);
      allScorers(stage).forEach(scorer -> scorer.score(List.of(item)));
      List<Answer.Option> options = calibration.fusion().opinion(item.candidates()).options();
      answers.add(options.isEmpty() ? null : options.get(0).output());
    }
    return answers;
  }

  @Override
  public void close() {
    calibrator.close();
  }
}
