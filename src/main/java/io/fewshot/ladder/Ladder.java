package io.fewshot.ladder;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.TaskMemory;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;

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
  public List<Attempt> attempt(List<Message> batch) {
    return byTask(
        batch,
        Message::task,
        (task, messages) ->
            List.<Attempt>copyOf(attempt(task, messages.stream().map(Message::text).toList())));
  }

  @Override
  public List<Answer> finish(List<Attempt> open) {
    List<Climb> climbs = open.stream().map(Climb.class::cast).toList();
    return byTask(climbs, climb -> climb.item().task(), this::finish);
  }

  /** Handles the items of each task together, and gives the results in the order of the items. */
  private static <T, R> List<R> byTask(
      List<T> items,
      Function<T, TaskDefinition> taskOf,
      BiFunction<TaskDefinition, List<T>, List<R>> handle) {
    Map<TaskDefinition, List<Integer>> positions = new LinkedHashMap<>();
    for (int i = 0; i < items.size(); i++) {
      positions.computeIfAbsent(taskOf.apply(items.get(i)), task -> new ArrayList<>()).add(i);
    }
    Map<Integer, R> results = new TreeMap<>();
    positions.forEach(
        (task, places) -> {
          List<R> handled = handle.apply(task, places.stream().map(items::get).toList());
          for (int i = 0; i < handled.size(); i++) {
            results.put(places.get(i), handled.get(i));
          }
        });
    return List.copyOf(results.values());
  }

  private List<Climb> attempt(TaskDefinition task, List<String> texts) {
    TaskMemory known = memory.task(task.task());
    long start = System.nanoTime();
    List<Embedding> embeddings = encoders.encode(task.language(), texts);
    List<Climb> climbs = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      Case item = factory.of(task, known, texts.get(i), embeddings.get(i), example -> true);
      climbs.add(new Climb(item, embeddings.get(i).encoder()));
    }
    if (task.kind() == Kind.CLASSIFY) {
      neighbours.score(items(climbs));
      costs.measured(task.task(), Rung.NEIGHBOURS, texts.size(), System.nanoTime() - start);
      settleByNeighbours(task, known, climbs);
    } else if (!runs(task, Rung.FEW_SHOT)) {
      climbs.forEach(climb -> climb.settle(WrittenAnswers.copied(climb.asked())));
    }
    return climbs;
  }

  /** Where the neighbours are not among the task's rungs they only choose the candidates. */
  private void settleByNeighbours(TaskDefinition task, TaskMemory known, List<Climb> climbs) {
    boolean haveSay = runs(task, Rung.NEIGHBOURS);
    boolean last = rungsAbove(task).isEmpty();
    if (haveSay || last) {
      judge(
          task, known, haveSay ? EnumSet.of(Rung.NEIGHBOURS) : EnumSet.noneOf(Rung.class), climbs);
      climbs.stream().filter(climb -> last || climb.isDone()).forEach(Climb::settle);
    }
  }

  private List<Answer> finish(TaskDefinition task, List<Climb> climbs) {
    if (task.kind() != Kind.CLASSIFY) {
      return written.answer(task, climbs.stream().map(Climb::asked).toList());
    }
    TaskMemory known = memory.task(task.task());
    Set<Rung> asked = EnumSet.noneOf(Rung.class);
    if (runs(task, Rung.NEIGHBOURS)) {
      asked.add(Rung.NEIGHBOURS);
    }
    List<Rung> above = rungsAbove(task);
    if (above.isEmpty()) {
      // What it costs was measured meanwhile, and the promise no longer allows it.
      judge(task, known, asked, climbs);
    }
    List<Climb> open = climbs;
    for (Rung rung : above) {
      if (open.isEmpty()) {
        break;
      }
      long start = System.nanoTime();
      scorer(rung).score(items(open));
      costs.measured(task.task(), rung, open.size(), System.nanoTime() - start);
      asked.add(rung);
      String version = models.get(task.model()).version();
      open.forEach(climb -> climb.asked(rung, version));
      judge(task, known, asked, open);
      open = open.stream().filter(climb -> !climb.isDone()).toList();
    }
    return climbs.stream().map(Climb::answer).toList();
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
