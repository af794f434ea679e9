package io.fewshot.ladder;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Measures a task's rungs on messages whose answers are known, without a broker. Encoders and
 * models belong to the caller.
 */
public final class Evaluation {

  private static final String LADDER = "ladder";
  private static final int BATCH = 32;
  private static final int ENCODE_BATCH = 256;

  private final Encoders encoders;
  private final ModelSource models;
  private final LadderSettings settings;
  private final Function<List<StoredExample>, Optional<LinearHead>> heads;

  /** Without a linear head. */
  public Evaluation(Encoders encoders, ModelSource models, LadderSettings settings) {
    this(encoders, models, settings, examples -> Optional.empty());
  }

  /**
   * @param heads trains a linear head on a task's examples; empty where they are too few
   */
  public Evaluation(
      Encoders encoders,
      ModelSource models,
      LadderSettings settings,
      Function<List<StoredExample>, Optional<LinearHead>> heads) {
    this.heads = heads;
    this.encoders = encoders;
    this.models = models;
    this.settings = settings;
  }

  /** A text and its right output. */
  public record Row(String text, String label) {}

  /**
   * What to measure.
   *
   * @param rungs which of the task's rungs; each is measured alone, and all together as the ladder
   * @param shots numbers of examples in the prompt to try; empty means the task's own
   * @param perClass how many examples of each label to draw; 0 takes all
   * @param seed of the draw
   */
  public record Plan(
      TaskDefinition task,
      List<Row> examples,
      List<Row> test,
      Set<Rung> rungs,
      List<Integer> shots,
      int perClass,
      long seed) {

    public Plan {
      examples = List.copyOf(examples);
      test = List.copyOf(test);
      rungs = Collections.unmodifiableSet(new TreeSet<>(rungs));
      shots = List.copyOf(shots);
    }
  }

  /** Told how far it is; called often. */
  @FunctionalInterface
  public interface Progress {
    void at(String what, int done, int total);
  }

  /** Measures all of the plan and gives out each line as soon as it is known. */
  public void run(Plan plan, Consumer<EvaluationLine> lines, Progress progress) {
    List<Row> examples = draw(plan.examples(), plan.perClass(), plan.seed());
    try (ExampleMemory memory = new ExampleMemory()) {
      fill(memory, plan.task(), examples, progress);
      Optional<LinearHead> head = Optional.empty();
      if (plan.rungs().contains(Rung.HEAD)) {
        progress.at("training the head", 0, 1);
        head = heads.apply(memory.task(plan.task().task()).examples());
      }
      List<Integer> shots =
          plan.shots().isEmpty() ? List.of(plan.task().examples().k()) : plan.shots();
      for (Rung rung : plan.rungs()) {
        boolean prompts = rung != Rung.NEIGHBOURS && rung != Rung.HEAD;
        for (int k : prompts ? shots : List.of(0)) {
          EvaluationLine line =
              measure(plan, rung.label(), Set.of(rung), k, memory, head, progress);
          lines.accept(line);
          if (plan.rungs().size() == 1) {
            // A ladder of one rung is that rung.
            lines.accept(line.as(LADDER));
          }
        }
      }
      if (plan.rungs().size() == 1) {
        return;
      }
      boolean prompts = plan.rungs().stream().anyMatch(r -> r != Rung.NEIGHBOURS && r != Rung.HEAD);
      for (int k : prompts ? shots : List.of(0)) {
        lines.accept(measure(plan, LADDER, plan.rungs(), k, memory, head, progress));
      }
    }
  }

  /**
   * Measures what one correction does for the same wish in other words; the ladder is made of the
   * plan's rungs.
   *
   * @param pairs how many corrections to try, each alone
   */
  public CorrectionEffect corrections(Plan plan, int pairs, Progress progress) {
    List<Row> examples = draw(plan.examples(), plan.perClass(), plan.seed());
    TaskDefinition task = with(plan.task(), plan.rungs(), plan.task().examples().k());
    try (ExampleMemory memory = new ExampleMemory()) {
      fill(memory, task, examples, progress);
      Optional<LinearHead> head =
          plan.rungs().contains(Rung.HEAD)
              ? heads.apply(memory.task(task.task()).examples())
              : Optional.empty();
      try (Ladder ladder =
          new Ladder(encoders, memory, models, each -> head, settings.withRunnable(plan.rungs()))) {
        progress.at("calibrating", 0, 1);
        ladder.calibrate(task);
        return CorrectionEffect.measure(
            task, plan.test(), pairs, plan.seed(), encoders, memory, ladder, progress);
      }
    }
  }

  private EvaluationLine measure(
      Plan plan,
      String name,
      Set<Rung> rungs,
      int shots,
      ExampleMemory memory,
      Optional<LinearHead> head,
      Progress progress) {
    TaskDefinition task = with(plan.task(), rungs, shots);
    EvaluationLine.Builder line = new EvaluationLine.Builder(name, shots, known(plan, memory));
    try (Ladder ladder =
        new Ladder(encoders, memory, models, each -> head, settings.withRunnable(rungs))) {
      progress.at("calibrating " + name, 0, 1);
      ladder.calibrate(task);
      for (int from = 0; from < plan.test().size(); from += BATCH) {
        List<Row> rows = plan.test().subList(from, Math.min(plan.test().size(), from + BATCH));
        long start = System.nanoTime();
        List<Answer> answers =
            ladder.answer(rows.stream().map(row -> new Message(task, row.text())).toList());
        line.took(System.nanoTime() - start);
        for (int i = 0; i < rows.size(); i++) {
          line.add(task.kind(), rows.get(i).label(), answers.get(i));
        }
        progress.at(name, from + rows.size(), plan.test().size());
      }
    }
    return line.build();
  }

  /** The labels that are not novel; null when any output may be right. */
  private static @Nullable Set<String> known(Plan plan, ExampleMemory memory) {
    return switch (plan.task().kind()) {
      case EXTRACT, GENERATE -> null;
      case CLASSIFY -> {
        Set<String> known = new HashSet<>(plan.task().labels().keySet());
        known.addAll(memory.task(plan.task().task()).outputs().keySet());
        yield known;
      }
    };
  }

  private void fill(
      ExampleMemory memory, TaskDefinition task, List<Row> examples, Progress progress) {
    for (int from = 0; from < examples.size(); from += ENCODE_BATCH) {
      List<Row> rows = examples.subList(from, Math.min(examples.size(), from + ENCODE_BATCH));
      List<Embedding> embeddings =
          encoders.encode(task.language(), rows.stream().map(Row::text).toList());
      for (int i = 0; i < rows.size(); i++) {
        Row row = rows.get(i);
        Embedding embedding = embeddings.get(i);
        memory.put(
            StoredExample.undated(
                task.task(), Integer.toString(from + i), row.text(), row.label(), embedding));
      }
      progress.at("encoding examples", from + rows.size(), examples.size());
    }
  }

  /** Up to {@code perClass} rows of each label, at random; 0 takes all as they are. */
  static List<Row> draw(List<Row> rows, int perClass, long seed) {
    if (perClass <= 0) {
      return rows;
    }
    List<Row> shuffled = new ArrayList<>(rows);
    Collections.shuffle(shuffled, new Random(seed));
    Map<String, Integer> drawn = new HashMap<>();
    return shuffled.stream()
        .filter(row -> drawn.merge(row.label(), 1, Integer::sum) <= perClass)
        .toList();
  }

  private static TaskDefinition with(TaskDefinition task, Set<Rung> rungs, int shots) {
    return new TaskDefinition(
        task.task(),
        task.kind(),
        task.instruction(),
        task.language(),
        task.labels(),
        new TaskDefinition.Examples(shots, task.examples().select()),
        task.promise(),
        task.start(),
        List.copyOf(EnumSet.copyOf(rungs)),
        task.audit(),
        task.agreement(),
        task.model());
  }
}
