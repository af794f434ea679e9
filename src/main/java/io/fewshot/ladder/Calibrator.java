package io.fewshot.ladder;

import io.fewshot.memory.EncoderLoadingException;
import io.fewshot.memory.StoredExample;
import io.fewshot.memory.TaskMemory;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps each task's calibrations fresh: a sample of its examples is answered again, each without
 * itself and its copies. That happens on a thread of its own, which this class owns; until it is
 * done the last calibration serves, or without one the defaults, by which nothing is accepted where
 * there are enough examples to do better.
 */
final class Calibrator implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Calibrator.class);

  /** Share of the memory that may change before a calibration is done again. */
  private static final double STALE = 0.2;

  /** Small, so that messages that wait for the language model wait for few of these. */
  private static final int BATCH = 8;

  private final CaseFactory factory;
  private final LadderSettings settings;
  private final Function<Stage, List<RungScorer>> scorers;
  private final Map<Key, Kept> kept = new ConcurrentHashMap<>();
  private final Set<Key> underWay = ConcurrentHashMap.newKeySet();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread worker = new Thread(task, "fewshot-calibration");
            worker.setDaemon(true);
            worker.setPriority(Thread.MIN_PRIORITY);
            return worker;
          });

  private record Key(String task, Stage stage) {}

  private record Kept(TaskDefinition task, long changes, int size, Calibration calibration) {

    boolean isFresh(TaskDefinition now, TaskMemory memory) {
      return task.equals(now) && memory.changes() - changes <= STALE * size;
    }
  }

  /**
   * @param scorers those that give a stage its features, in order
   */
  Calibrator(
      CaseFactory factory, LadderSettings settings, Function<Stage, List<RungScorer>> scorers) {
    this.factory = factory;
    this.settings = settings;
    this.scorers = scorers;
  }

  /** The best calibration at hand for a stage. */
  Calibration of(TaskDefinition task, TaskMemory memory, Stage stage) {
    Key key = new Key(task.task(), stage);
    Kept found = kept.get(key);
    if (found != null && found.isFresh(task, memory)) {
      return found.calibration;
    }
    if (memory.size() > 0 && underWay.add(key)) {
      try {
        thread.execute(() -> refresh(key, task, memory));
      } catch (RejectedExecutionException e) {
        underWay.remove(key);
      }
    }
    if (found != null && found.task.equals(task) && !found.calibration.isDefault()) {
      return found.calibration;
    }
    return suffices(task, memory, stage)
        ? Calibration.provisional(stage.asked())
        : Calibration.defaults(stage.asked());
  }

  /** Whether there are enough examples to calibrate a stage with. */
  private boolean suffices(TaskDefinition task, TaskMemory memory, Stage stage) {
    return most(stage) >= Calibration.LEAST_FOR_FIT
        && memory.size() >= Calibration.LEAST_FOR_FIT
        && usable(task, memory, stage).limit(Calibration.LEAST_FOR_FIT).count()
            == Calibration.LEAST_FOR_FIT;
  }

  /** Calibrates now, on the calling thread. */
  void calibrate(TaskDefinition task, TaskMemory memory, Stage stage) {
    Key key = new Key(task.task(), stage);
    long changes = memory.changes();
    int size = memory.size();
    long start = System.nanoTime();
    Calibration calibration = fit(task, memory, stage);
    kept.put(key, new Kept(task, changes, size, calibration));
    LOG.debug(
        "Task {} at {}: calibrated in {} ms, {}",
        task.task(),
        stage,
        (System.nanoTime() - start) / 1_000_000,
        calibration);
  }

  private void refresh(Key key, TaskDefinition task, TaskMemory memory) {
    try {
      calibrate(task, memory, key.stage);
    } catch (Answerer.NotReadyException | EncoderLoadingException e) {
      LOG.debug("Task {}: calibration waits: {}", task.task(), e.getMessage());
    } catch (RuntimeException e) {
      LOG.warn("Task {}: calibration failed, the last one stays: {}", task.task(), e.toString());
    } finally {
      underWay.remove(key);
    }
  }

  private Calibration fit(TaskDefinition task, TaskMemory memory, Stage stage) {
    List<Case> cases = new ArrayList<>();
    List<String> answers = new ArrayList<>();
    for (StoredExample example : sample(task, memory, stage)) {
      cases.add(factory.of(task, memory, example));
      answers.add(example.output());
    }
    for (int from = 0; from < cases.size(); from += BATCH) {
      List<Case> batch = cases.subList(from, Math.min(cases.size(), from + BATCH));
      scorers.apply(stage).forEach(scorer -> scorer.score(batch));
    }
    return Calibration.fit(stage.asked(), cases, answers);
  }

  /** How many examples are answered at most. */
  private int most(Stage stage) {
    if (stage.asked().contains(Rung.FEW_SHOT)) {
      return settings.fewShotSample();
    }
    return stage.tuned() == null ? settings.sample() : settings.fineTunedSample();
  }

  /** The same examples on every instance. */
  private List<StoredExample> sample(TaskDefinition task, TaskMemory memory, Stage stage) {
    return usable(task, memory, stage)
        .sorted(
            Comparator.comparingInt((StoredExample example) -> mixed(example.id()))
                .thenComparing(StoredExample::id))
        .limit(most(stage))
        .toList();
  }

  /**
   * An example that is the only one of a label which no definition declares is left out: without
   * itself nothing could know its label. So is one that a fine-tuned model has learned by heart.
   */
  private static Stream<StoredExample> usable(TaskDefinition task, TaskMemory memory, Stage stage) {
    FineTuned tuned = stage.tuned();
    Map<String, Integer> outputs = memory.outputs();
    return memory.examples().stream()
        .filter(example -> tuned == null || !tuned.hasSeen(example.input()))
        .filter(
            example ->
                task.labels().isEmpty()
                    ? outputs.getOrDefault(example.output(), 0) > 1
                    : task.labels().containsKey(example.output()));
  }

  /** Ids are often numbered in the order of the labels: their plain hash would follow it. */
  private static int mixed(String id) {
    int h = id.hashCode() * 0x9E3779B9;
    h ^= h >>> 15;
    return h * 0x85EBCA6B;
  }

  @Override
  public void close() {
    thread.shutdownNow();
    try {
      // What it computes with may be closed next.
      if (!thread.awaitTermination(30, TimeUnit.SECONDS)) {
        LOG.warn("A calibration does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
