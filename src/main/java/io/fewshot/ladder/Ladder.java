package io.fewshot.ladder;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.TaskMemory;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
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
 *       message that has it climbs no further;
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
  private final LadderSettings settings;
  private final CaseFactory factory;
  private final RungScorer neighbours = new NeighbourRung();
  private final Map<Rung, RungScorer> scorers;
  private final WrittenAnswers written;
  private final Calibrator calibrator;
  private final Costs costs = new Costs();

  public Ladder(
      Encoders encoders, ExampleMemory memory, ModelSource models, LadderSettings settings) {
    this.encoders = encoders;
    this.memory = memory;
    this.models = models;
    this.settings = settings;
    this.factory = new CaseFactory(encoders);
    this.scorers = Map.of(Rung.FEW_SHOT, new FewShotRung(models, settings.promptBudget()));
    this.written = new WrittenAnswers(models, settings.promptBudget());
    this.calibrator = new Calibrator(factory, settings, this::allScorers);
  }

  @Override
  public List<Answer> answer(List<Message> batch) {
    Map<TaskDefinition, List<Integer>> byTask = new LinkedHashMap<>();
    for (int i = 0; i < batch.size(); i++) {
      byTask.computeIfAbsent(batch.get(i).task(), task -> new ArrayList<>()).add(i);
    }
    @Nullable Answer[] answers = new Answer[batch.size()];
    byTask.forEach(
        (task, positions) -> {
          List<String> texts = positions.stream().map(i -> batch.get(i).text()).toList();
          List<Answer> found = answer(task, texts);
          for (int i = 0; i < found.size(); i++) {
            answers[positions.get(i)] = found.get(i);
          }
        });
    return Arrays.stream(answers).toList();
  }

  /** Answers texts of one task, in the order given. */
  private List<Answer> answer(TaskDefinition task, List<String> texts) {
    TaskMemory known = memory.task(task.task());
    long start = System.nanoTime();
    List<Embedding> embeddings = encoders.encode(task.language(), texts);
    List<WrittenAnswers.Asked> asked = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      Case item = factory.of(task, known, texts.get(i), embeddings.get(i), example -> true);
      asked.add(new WrittenAnswers.Asked(item, embeddings.get(i).encoder()));
    }
    if (task.kind() != Kind.CLASSIFY) {
      return written.answer(task, asked, runs(task, Rung.FEW_SHOT));
    }
    List<Climb> climbs = asked.stream().map(a -> new Climb(a.item(), a.encoder())).toList();
    neighbours.score(items(climbs));
    costs.measured(task.task(), Rung.NEIGHBOURS, texts.size(), System.nanoTime() - start);
    climb(task, known, climbs);
    return climbs.stream().map(Climb::answer).toList();
  }

  private void climb(TaskDefinition task, TaskMemory known, List<Climb> climbs) {
    Set<Rung> asked = EnumSet.noneOf(Rung.class);
    if (runs(task, Rung.NEIGHBOURS)) {
      asked.add(Rung.NEIGHBOURS);
    }
    judge(task, known, asked, climbs);
    for (Rung rung : rungsAbove(task)) {
      List<Climb> open = climbs.stream().filter(climb -> !climb.isDone()).toList();
      if (open.isEmpty()) {
        return;
      }
      long start = System.nanoTime();
      scorer(rung).score(items(open));
      costs.measured(task.task(), rung, open.size(), System.nanoTime() - start);
      asked.add(rung);
      String version = models.get(task.model()).version();
      open.forEach(climb -> climb.asked(rung, version));
      judge(task, known, asked, open);
    }
  }

  private void judge(TaskDefinition task, TaskMemory known, Set<Rung> asked, List<Climb> climbs) {
    Calibration calibration = calibrator.of(task, known, asked);
    climbs.forEach(climb -> climb.judge(calibration));
  }

  /** The rungs that cost a language model, as far as task, process and promise allow them. */
  private List<Rung> rungsAbove(TaskDefinition task) {
    return scorers.keySet().stream()
        .filter(rung -> runs(task, rung))
        .filter(rung -> costs.allows(task.promise(), task.task(), rung))
        .sorted()
        .toList();
  }

  private boolean runs(TaskDefinition task, Rung rung) {
    return task.rungs().contains(rung) && settings.runnable().contains(rung);
  }

  /** The neighbours come first whether they have a say or not: they choose the candidates. */
  private List<RungScorer> allScorers(Set<Rung> asked) {
    List<RungScorer> chosen = new ArrayList<>();
    chosen.add(neighbours);
    scorers.keySet().stream()
        .filter(asked::contains)
        .sorted()
        .forEach(rung -> chosen.add(scorer(rung)));
    return chosen;
  }

  private RungScorer scorer(Rung rung) {
    return Objects.requireNonNull(scorers.get(rung));
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
    Set<Rung> asked = EnumSet.noneOf(Rung.class);
    List<Rung> all = new ArrayList<>(rungsAbove(task));
    if (runs(task, Rung.NEIGHBOURS)) {
      all.add(0, Rung.NEIGHBOURS);
    }
    for (Rung rung : all) {
      asked.add(rung);
      calibrator.calibrate(task, memory.task(task.task()), Collections.unmodifiableSet(asked));
    }
  }

  @Override
  public void close() {
    calibrator.close();
  }
}
