package io.fewshot.memory;

import io.fewshot.prompt.Language;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The process's encoders, one for each language, loaded when first asked for. Safe for use by
 * several threads. Whoever creates this closes it, and with it the encoders that it gave out.
 */
public final class Encoders implements AutoCloseable {

  private static final Duration RETRY = Duration.ofSeconds(5);

  private final EncoderFiles files;
  private final int threads;
  private final boolean inBackground;
  private final Map<Language, Encoder> loaded = new EnumMap<>(Language.class);

  // Of those that are loaded in the background: guarded by this, as what is loaded.
  private final Set<Language> loading = EnumSet.noneOf(Language.class);
  private final Map<Language, Failure> failures = new EnumMap<>(Language.class);
  private boolean closed;

  /**
   * Why an encoder could not be loaded.
   *
   * @param at by the clock of {@link System#nanoTime}
   */
  private record Failure(String reason, long at) {}

  // Messages are short: beyond this, threads wait for each other longer than they compute.
  private static final int MAX_THREADS = 8;

  /** With files in the user's cache, and as many threads for a pass as there are cores, up to 8. */
  public Encoders() {
    this(EncoderFiles.defaultDirectory(), defaultThreads());
  }

  /**
   * @param directory where the files are, or will be written from the class path
   * @param threads how many threads one pass uses
   */
  public Encoders(Path directory, int threads) {
    this(new EncoderFiles(directory), threads, false);
  }

  private Encoders(EncoderFiles files, int threads, boolean inBackground) {
    this.files = files;
    this.threads = threads;
    this.inBackground = inBackground;
  }

  /**
   * Encoders for threads that must not wait: {@link #of} loads in the background and throws {@link
   * EncoderLoadingException} meanwhile; what could not be loaded is tried again every few seconds.
   */
  public static Encoders loadedInBackground() {
    return loadedInBackground(EncoderFiles.defaultDirectory());
  }

  static Encoders loadedInBackground(Path directory) {
    return new Encoders(new EncoderFiles(directory), defaultThreads(), true);
  }

  private static int defaultThreads() {
    return Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
  }

  /**
   * The encoder for texts in {@code language}. The first call takes about a second, the very first
   * on a machine some more.
   *
   * @param language not {@link Language#AUTO}: use {@link Language#of} with the text, or {@link
   *     #encode}
   * @throws io.fewshot.model.ModelException when it cannot be loaded; asking again tries again
   * @throws EncoderLoadingException when it is loaded in the background, or could not be
   */
  public synchronized Encoder of(Language language) {
    if (closed) {
      throw new IllegalStateException("the encoders are closed");
    }
    Encoder encoder = loaded.get(language);
    if (encoder == null && inBackground) {
      throw loadLater(language);
    }
    if (encoder == null) {
      encoder = load(language);
      loaded.put(language, encoder);
    }
    return encoder;
  }

  private Encoder load(Language language) {
    return BertSentenceEncoder.load(EncoderModel.of(language), files, threads);
  }

  private EncoderLoadingException loadLater(Language language) {
    Failure failure = failures.get(language);
    boolean due = failure == null || System.nanoTime() - failure.at > RETRY.toNanos();
    if (due && loading.add(language)) {
      Thread loader = new Thread(() -> loadNow(language), "fewshot-encoder-" + language);
      loader.setDaemon(true);
      loader.start();
    }
    return new EncoderLoadingException(
        failure == null
            ? "the encoder of %s is still loading".formatted(EncoderModel.of(language).name())
            : failure.reason);
  }

  private void loadNow(Language language) {
    @Nullable Encoder encoder = null;
    @Nullable Failure failure = null;
    try {
      encoder = load(language);
    } catch (RuntimeException | Error e) {
      failure = new Failure("the encoder cannot be loaded: " + e.getMessage(), System.nanoTime());
    }
    synchronized (this) {
      loading.remove(language);
      if (failure != null) {
        failures.put(language, failure);
      } else if (encoder != null && closed) {
        encoder.close();
      } else if (encoder != null) {
        failures.remove(language);
        loaded.put(language, encoder);
      }
    }
  }

  /**
   * Another encoder for the same language, in fp32 on ONNX Runtime, to compare with. The caller
   * closes it.
   *
   * @throws io.fewshot.model.ModelException when it cannot be loaded
   */
  public Encoder reference(Language language) {
    return BertSentenceEncoder.loadFp32(EncoderModel.of(language), files, threads);
  }

  /**
   * Encodes each text with the encoder of its language; under {@link Language#AUTO} those of a
   * batch may differ.
   *
   * @return one embedding for each text, in order
   * @throws io.fewshot.model.ModelException when an encoder cannot be loaded or fails
   */
  public List<Embedding> encode(Language language, List<String> texts) {
    Map<Language, List<Integer>> byLanguage = new EnumMap<>(Language.class);
    for (int i = 0; i < texts.size(); i++) {
      byLanguage.computeIfAbsent(language.of(texts.get(i)), key -> new ArrayList<>()).add(i);
    }
    Embedding[] embeddings = new Embedding[texts.size()];
    byLanguage.forEach(
        (each, positions) -> {
          Encoder encoder = of(each);
          float[][] vectors = encoder.encode(positions.stream().map(texts::get).toList());
          for (int i = 0; i < vectors.length; i++) {
            embeddings[positions.get(i)] = new Embedding(encoder.name(), vectors[i]);
          }
        });
    return List.of(embeddings);
  }

  @Override
  public synchronized void close() {
    closed = true;
    loaded.values().forEach(Encoder::close);
    loaded.clear();
  }
}
