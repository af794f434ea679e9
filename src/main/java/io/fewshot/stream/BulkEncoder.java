package io.fewshot.stream;

import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Computes the vectors of large imports beside the stream threads, one batch at a time in the whole
 * process, so that a stream thread is never busy with them while a correction waits. Only computing
 * happens here: what was computed is written by the stream thread that asked for it. Safe for use
 * by several threads.
 */
final class BulkEncoder {

  private static final Duration IDLE = Duration.ofSeconds(5);

  private final TextEncoder encoder;
  private final Executor executor;
  private final AtomicBoolean taken = new AtomicBoolean();

  /** A text to encode. */
  record Wanted(Language language, String text) {}

  /** A batch that is being computed. Belongs to the stream thread that asked for it. */
  final class Batch implements TextEncoder {

    private final CompletableFuture<Map<Wanted, Embedding>> vectors;

    private Batch(List<Wanted> texts) {
      this.vectors = CompletableFuture.supplyAsync(() -> compute(texts), executor);
    }

    boolean isDone() {
      return vectors.isDone();
    }

    /** Waits until it is done, and lets others have a batch; it may still be read. */
    void end() {
      vectors.handle((found, failure) -> true).join();
      taken.set(false);
    }

    /** Computed or, when it is something else or computing failed, to be computed now. */
    @Override
    public List<Embedding> encode(Language language, List<String> texts) {
      Map<Wanted, Embedding> found = vectors.exceptionally(failure -> Map.of()).join();
      if (!texts.stream().allMatch(text -> found.containsKey(new Wanted(language, text)))) {
        return encoder.encode(language, texts);
      }
      return texts.stream()
          .map(text -> Optional.ofNullable(found.get(new Wanted(language, text))).orElseThrow())
          .toList();
    }

    @Override
    public String name(Language language, String text) {
      return encoder.name(language, text);
    }
  }

  /**
   * @param executor where it computes
   */
  BulkEncoder(TextEncoder encoder, Executor executor) {
    this.encoder = encoder;
    this.executor = executor;
  }

  /** A thread that ends when it has nothing to do, so nobody needs to close it. */
  static Executor thread() {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(),
            work -> {
              Thread thread = new Thread(work, "fewshot-encode");
              thread.setDaemon(true);
              return thread;
            });
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  /** Starts to compute; empty while another batch is under way. Who gets one must end it. */
  Optional<Batch> start(List<Wanted> texts) {
    return taken.compareAndSet(false, true) ? Optional.of(new Batch(texts)) : Optional.empty();
  }

  private Map<Wanted, Embedding> compute(List<Wanted> texts) {
    Map<Wanted, Embedding> found = new HashMap<>();
    Map<Language, List<String>> byLanguage = new HashMap<>();
    for (Wanted each : texts) {
      byLanguage
          .computeIfAbsent(each.language(), language -> new java.util.ArrayList<>())
          .add(each.text());
    }
    byLanguage.forEach(
        (language, all) -> {
          List<String> distinct = all.stream().distinct().toList();
          List<Embedding> embeddings = encoder.encode(language, distinct);
          for (int i = 0; i < distinct.size(); i++) {
            found.put(new Wanted(language, distinct.get(i)), embeddings.get(i));
          }
        });
    return found;
  }
}
