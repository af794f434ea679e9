package io.fewshot.model;

import io.fewshot.model.BatchingQueue.Listener;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The language models of this process, by name. Each is loaded in the background when it is first
 * asked for, one after the other, and shared by all threads from then on. Owns the models; closing
 * frees them.
 */
public final class LanguageModels implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(LanguageModels.class);

  private static final String CLOSED = "The models are closed";

  /** A model that could not be had is tried again when it is asked for after this time. */
  private static final Duration RETRY = Duration.ofMinutes(1);

  private final ModelStore store;
  private final Precision precision;
  private final String device;
  private final ProgressListener progress;
  private final Listener batches;
  private final ExecutorService loader;
  private final Map<String, Attempt> models = new LinkedHashMap<>();
  private boolean closed;

  /**
   * A model being loaded, there, or not to be had.
   *
   * @param since when it was begun, by the clock of {@link System#nanoTime}
   */
  private record Attempt(CompletableFuture<LanguageModel> model, long since) {

    boolean worthAnother() {
      return model.isCompletedExceptionally() && System.nanoTime() - since > RETRY.toNanos();
    }
  }

  /** How far a model is. */
  public sealed interface State {}

  /** It is being fetched or loaded. */
  public record Loading() implements State {}

  /** It can be asked. */
  public record Ready(LanguageModel model) implements State {}

  /**
   * It cannot be had.
   *
   * @param reason one line that says what to do
   */
  public record Failed(String reason) implements State {}

  /**
   * @param device {@code auto}, {@code cpu} or {@code cuda:N}
   * @param progress of downloads
   * @param batches of all models
   */
  public LanguageModels(
      ModelStore store,
      Precision precision,
      String device,
      ProgressListener progress,
      Listener batches) {
    this.store = store;
    this.precision = precision;
    this.device = device;
    this.progress = progress;
    this.batches = batches;
    this.loader =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread thread = new Thread(task, "model-loader");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** How far a model is; starts loading it when it was never asked for. */
  public State state(String name) {
    CompletableFuture<LanguageModel> model = future(name);
    if (!model.isDone()) {
      return new Loading();
    }
    try {
      return new Ready(model.join());
    } catch (CompletionException e) {
      return new Failed(reason(e));
    }
  }

  /** The model when it is ready; otherwise nothing, and its loading is started. */
  public Optional<LanguageModel> find(String name) {
    return state(name) instanceof Ready ready ? Optional.of(ready.model) : Optional.empty();
  }

  /**
   * The model, waited for.
   *
   * @throws ModelException when it cannot be had
   */
  public LanguageModel get(String name) {
    try {
      return future(name).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof ModelException cause) {
        throw cause;
      }
      throw new ModelException(reason(e), e);
    }
  }

  /** Forgets that a model could not be had, so that the next call tries again at once. */
  public synchronized void retry(String name) {
    Attempt attempt = models.get(name);
    if (attempt != null && attempt.model.isCompletedExceptionally()) {
      models.remove(name);
    }
  }

  /** All models that were asked for, and how far they are. */
  public Map<String, State> states() {
    Map<String, State> states = new LinkedHashMap<>();
    List<String> names;
    synchronized (this) {
      names = List.copyOf(models.keySet());
    }
    names.forEach(name -> states.put(name, state(name)));
    return states;
  }

  private synchronized CompletableFuture<LanguageModel> future(String name) {
    if (closed) {
      return CompletableFuture.failedFuture(new ModelException(CLOSED));
    }
    Attempt attempt = models.get(name);
    if (attempt == null || attempt.worthAnother()) {
      attempt =
          new Attempt(CompletableFuture.supplyAsync(() -> load(name), loader), System.nanoTime());
      models.put(name, attempt);
    }
    return attempt.model;
  }

  private LanguageModel load(String name) {
    long start = System.nanoTime();
    Path file = store.fetch(name, progress);
    LanguageModel model =
        new SharedLanguageModel(
            TorchLanguageModel.load(shortName(name), file, precision, device), batches);
    boolean tooLate;
    synchronized (this) {
      tooLate = closed;
    }
    if (tooLate) {
      model.close();
      throw new ModelException(CLOSED);
    }
    log.info(
        "Model {} is ready after {} ms", model.version(), (System.nanoTime() - start) / 1_000_000);
    return model;
  }

  /** A path's last part: versions appear in results and need not tell where files lie. */
  private String shortName(String name) {
    return store.catalogue().find(name).isPresent()
        ? name
        : String.valueOf(Path.of(name).getFileName());
  }

  private static String reason(CompletionException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return cause instanceof ModelException
        ? String.valueOf(cause.getMessage())
        : "The model failed to load: " + cause;
  }

  /** Stops loading, lets batches in progress end, and frees all models. */
  @Override
  public void close() {
    List<CompletableFuture<LanguageModel>> all;
    synchronized (this) {
      closed = true;
      all = models.values().stream().map(Attempt::model).toList();
      models.clear();
    }
    loader.shutdownNow();
    // Who waits for one that is still loading hears of it; the loader frees it when it is there.
    for (CompletableFuture<LanguageModel> model : all) {
      if (!model.completeExceptionally(new ModelException(CLOSED))) {
        model.thenAccept(LanguageModel::close);
      }
    }
  }
}
