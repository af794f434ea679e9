package io.fewshot.memory;

import io.fewshot.prompt.Language;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The process's encoders, one for each language, loaded when first asked for. Safe for use by
 * several threads. Whoever creates this closes it, and with it the encoders that it gave out.
 */
public final class Encoders implements AutoCloseable {

  private final EncoderFiles files;
  private final int threads;
  private final Map<Language, Encoder> loaded = new EnumMap<>(Language.class);
  private boolean closed;

  // Messages are short: beyond this, threads wait for each other longer than they compute.
  private static final int MAX_THREADS = 8;

  /** With files in the user's cache, and as many threads for a pass as there are cores, up to 8. */
  public Encoders() {
    this(
        EncoderFiles.defaultDirectory(),
        Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors()));
  }

  /**
   * @param directory where the files are, or will be written from the class path
   * @param threads how many threads one pass uses
   */
  public Encoders(Path directory, int threads) {
    this.files = new EncoderFiles(directory);
    this.threads = threads;
  }

  /**
   * The encoder for texts in {@code language}. The first call takes about a second, the very first
   * on a machine some more.
   *
   * @param language not {@link Language#AUTO}: use {@link Language#of} with the text, or {@link
   *     #encode}
   * @throws io.fewshot.model.ModelException when it cannot be loaded; asking again tries again
   */
  public synchronized Encoder of(Language language) {
    if (closed) {
      throw new IllegalStateException("the encoders are closed");
    }
    Encoder encoder = loaded.get(language);
    if (encoder == null) {
      encoder = BertSentenceEncoder.load(EncoderModel.of(language), files, threads);
      loaded.put(language, encoder);
    }
    return encoder;
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
