package io.fewshot.labeling;

import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Topics;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Messages that are tried through the stream and wait for their result. Thread-safe. */
final class DryRuns {

  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int AT_ONCE = 100;

  /** A result, and what the language model was asked for it; null when it was not. */
  record Tried(Result result, @Nullable String prompt) {}

  private final Map<String, CompletableFuture<Tried>> waiting = new ConcurrentHashMap<>();

  /** A query that is answered without being learned from or shown to people. */
  Query query(String task, String text) {
    return Query.newBuilder()
        .setQueryId("try-" + UUID.randomUUID())
        .setTask(task)
        .setText(text)
        .setAttributes(Map.of(Topics.DRY_RUN, "true"))
        .setCreatedAt(Publisher.now())
        .build();
  }

  /**
   * The result to come; it fails with a {@link java.util.concurrent.TimeoutException} after {@link
   * #PATIENCE}. To be asked for before the query is sent.
   *
   * @throws WebException when too many wait
   */
  CompletableFuture<Tried> await(String queryId) {
    if (waiting.size() >= AT_ONCE) {
      throw new WebException(429, "busy", "too many messages are being tried; wait a moment");
    }
    CompletableFuture<Tried> result = new CompletableFuture<>();
    waiting.put(queryId, result);
    return result
        .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
        .whenComplete((done, failure) -> waiting.remove(queryId));
  }

  void complete(Tried tried) {
    CompletableFuture<Tried> future = waiting.get(tried.result().getQueryId());
    if (future != null) {
      future.complete(tried);
    }
  }
}
