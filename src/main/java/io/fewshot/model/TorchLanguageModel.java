package io.fewshot.model;

import io.fewshot.model.Decoder.Past;
import io.fewshot.model.Decoder.Sequence;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A language model on PyTorch in this process. Calls of several threads wait for each other; {@link
 * SharedLanguageModel} joins them instead.
 */
public final class TorchLanguageModel implements LanguageModel {

  private static final int MAX_TOKENS = 4096;
  private static final long MAX_LOGITS_BYTES = 256L << 20;
  private static final long MAX_CACHE_BYTES = 256L << 20;

  /** Below this a cached front saves less than its bookkeeping costs. */
  private static final int MIN_SHARED = 8;

  private final String name;
  private final Decoder decoder;
  private final GgufTokenizer tokenizer;
  private final ChatTemplate chatTemplate;
  private final Packing packing;
  private final PrefixCache prefixes = new PrefixCache(MAX_CACHE_BYTES);
  private final AdaptedPasses adapted;
  private boolean closed;

  private TorchLanguageModel(
      String name, Decoder decoder, GgufTokenizer tokenizer, ChatTemplate chatTemplate) {
    this.name = name;
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.chatTemplate = chatTemplate;
    this.adapted = new AdaptedPasses(decoder, MAX_TOKENS);
    long logitBytes = 4L * decoder.architecture().vocabulary();
    this.packing = new Packing(MAX_TOKENS, (int) Math.max(1, MAX_LOGITS_BYTES / logitBytes));
  }

  /**
   * Loads a GGUF file.
   *
   * @param name for {@link #version}
   * @param device {@code auto}, {@code cpu} or {@code cuda:N}
   * @throws ModelException when the file is broken or of a kind that is not supported
   */
  public static TorchLanguageModel load(
      String name, Path file, Precision precision, String device) {
    try (Gguf gguf = Gguf.open(file)) {
      GgufTokenizer tokenizer = GgufTokenizer.of(gguf);
      try {
        ChatTemplate template = JinjaChatTemplate.of(gguf, tokenizer);
        Decoder decoder = Decoder.load(gguf, precision, TorchEngine.device(device));
        return new TorchLanguageModel(name, decoder, tokenizer, template);
      } catch (RuntimeException e) {
        tokenizer.close();
        throw e;
      }
    }
  }

  @Override
  public String version() {
    return name + "/" + decoder.precision().label();
  }

  /** What it computes in: never {@link Precision#AUTO}. */
  public Precision precision() {
    return decoder.precision();
  }

  Decoder decoder() {
    return decoder;
  }

  @Override
  public int contextLength() {
    return decoder.architecture().contextLength();
  }

  @Override
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  @Override
  public ChatTemplate chatTemplate() {
    return chatTemplate;
  }

  @Override
  public synchronized List<Scores> score(List<Scoring> requests) {
    requests.forEach(this::check);
    return guarded(() -> scoreAll(requests));
  }

  @Override
  public synchronized List<Generated> generate(List<Generation> requests) {
    for (Generation request : requests) {
      checkPrompt(request.prompt());
      checkLength(request.prompt().length + Math.max(0, request.maxTokens()));
    }
    return guarded(() -> new Generator(decoder, tokenizer, this::past).generate(requests));
  }

  /** One computation at a time, with its failures in our words. */
  synchronized <T> T guarded(Supplier<T> computation) {
    if (closed) {
      throw new ModelException("The model " + name + " is closed");
    }
    try {
      return computation.get();
    } catch (ModelException e) {
      throw e;
    } catch (RuntimeException | OutOfMemoryError e) {
      throw new ModelException("The model " + name + " failed: " + TorchEngine.oneLine(e), e);
    } finally {
      prefixes.trim();
    }
  }

  /**
   * Begins to train an adapter.
   *
   * @param start what it is before the first step; see {@link #untrained}
   * @throws ModelException when it does not fit the model
   */
  public FineTuner fineTune(LoraAdapter start, FineTuner.Options options) {
    return guarded(() -> new FineTuner(this, start, options));
  }

  /** Where an adapter's numbers lie. */
  public LoraLayout layout(LoraConfig config) {
    return LoraLayout.of(decoder.architecture(), decoder.inner(), config);
  }

  /**
   * An adapter that changes nothing yet.
   *
   * @param labels of a classifier, whose head is zero; empty for one that writes
   */
  public LoraAdapter untrained(LoraConfig config, List<String> labels, long seed) {
    float[] head = new float[labels.size() * decoder.architecture().width()];
    return new LoraAdapter("untrained", config, layout(config).initial(seed), labels, head);
  }

  /** The normalized last hidden state of each sequence's last token, without an adapter. */
  public List<float[]> hidden(List<int[]> sequences) {
    sequences.forEach(this::checkPrompt);
    return guarded(() -> adapted.hidden(untrained(LoraConfig.STANDARD, List.of(), 0), sequences));
  }

  @Override
  public List<double[]> classify(LoraAdapter adapter, List<int[]> prompts) {
    prompts.forEach(this::checkPrompt);
    prompts.forEach(prompt -> checkLength(prompt.length));
    return guarded(() -> adapted.classify(adapter, prompts));
  }

  private List<Scores> scoreAll(List<Scoring> requests) {
    int[] cached = requests.stream().mapToInt(r -> cached(r.shared(), r.prompt())).toArray();
    List<double[]> sums = new ArrayList<>();
    requests.forEach(request -> sums.add(new double[request.candidates().size()]));
    for (List<Packing.Piece> pass : packing.passes(requests, cached)) {
      List<Sequence> sequences = new ArrayList<>();
      for (Packing.Piece piece : pass) {
        int[] prompt = requests.get(piece.request()).prompt();
        sequences.add(new Sequence(piece.tree(), past(prompt, piece.cached())));
      }
      List<float[]> scored = decoder.score(sequences);
      for (int i = 0; i < pass.size(); i++) {
        Packing.Piece piece = pass.get(i);
        int[] owners = piece.tree().owners();
        for (int p = 0; p < owners.length; p++) {
          int candidate = piece.candidates().get(owners[p]);
          sums.get(piece.request())[candidate] += scored.get(i)[p];
        }
      }
    }
    return sums.stream().map(Scores::new).toList();
  }

  /** How much of a prompt is worth taking from the cache; its last token is always computed. */
  static int cached(int shared, int[] prompt) {
    int most = Math.min(shared, prompt.length - 1);
    return most < MIN_SHARED ? 0 : most;
  }

  private @Nullable Past past(int[] prompt, int cached) {
    if (cached == 0) {
      return null;
    }
    int[] front = Arrays.copyOf(prompt, cached);
    return prefixes.get(front, decoder.pastBytes(cached), decoder::prefix);
  }

  private void check(Scoring request) {
    checkPrompt(request.prompt());
    int longest = 0;
    for (int[] candidate : request.candidates()) {
      if (candidate.length == 0) {
        throw new ModelException("A candidate without tokens cannot be scored");
      }
      checkTokens(candidate);
      longest = Math.max(longest, candidate.length);
    }
    checkLength(request.prompt().length + longest);
  }

  private void checkPrompt(int[] prompt) {
    if (prompt.length == 0) {
      throw new ModelException("A prompt without tokens cannot be computed");
    }
    checkTokens(prompt);
  }

  private void checkLength(int tokens) {
    if (tokens > contextLength()) {
      throw new ModelException(
          "A prompt with its answer has %d tokens, the model %s takes %d; shorten it"
              .formatted(tokens, name, contextLength()));
    }
  }

  private void checkTokens(int[] tokens) {
    for (int token : tokens) {
      if (token < 0 || token >= decoder.architecture().vocabulary()) {
        throw new ModelException("Token " + token + " is not in the model's vocabulary");
      }
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      prefixes.close();
      adapted.close();
      decoder.close();
      tokenizer.close();
    }
  }
}
