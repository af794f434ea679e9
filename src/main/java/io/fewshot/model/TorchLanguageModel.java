package io.fewshot.model;

import io.fewshot.model.Decoder.Sequence;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A language model on PyTorch in this process. Calls of several threads wait for each other; {@link
 * SharedLanguageModel} joins them instead.
 */
public final class TorchLanguageModel implements LanguageModel {

  /** Of one pass; each lane holds one. */
  private static final int MAX_TOKENS = 2048;

  private static final long TRIM_NANOS = Duration.ofSeconds(20).toNanos();
  private static final long MAX_CACHE_BYTES = 256L << 20;

  /** Below this a cached front saves less than its bookkeeping costs. */
  private static final int MIN_SHARED = 8;

  private final String name;
  private final Decoder decoder;
  private final GgufTokenizer tokenizer;
  private final ChatTemplate chatTemplate;
  private final Packing packing;
  private final Lanes lanes;
  private final PrefixCache prefixes;
  private final AdaptedPasses adapted;
  private boolean closed;
  private long trimmed = System.nanoTime();

  private TorchLanguageModel(
      String name, Decoder decoder, GgufTokenizer tokenizer, ChatTemplate chatTemplate) {
    this.name = name;
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.chatTemplate = chatTemplate;
    this.lanes = new Lanes(decoder.lanes(), "model " + name);
    this.prefixes = new PrefixCache(MAX_CACHE_BYTES, decoder::pastBytes, decoder::prefix);
    this.adapted = new AdaptedPasses(decoder, tokenizer, lanes, MAX_TOKENS);
    this.packing = new Packing(MAX_TOKENS, MAX_TOKENS);
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
    return load(name, file, precision, device, false);
  }

  /** The same for {@link #fineTune}: it takes more time to answer. */
  public static TorchLanguageModel loadToTrain(
      String name, Path file, Precision precision, String device) {
    return load(name, file, precision, device, true);
  }

  private static TorchLanguageModel load(
      String name, Path file, Precision precision, String device, boolean toTrain) {
    TorchLanguageModel model = read(name, file, precision, device, toTrain);
    TorchEngine.loaded();
    return model;
  }

  private static TorchLanguageModel read(
      String name, Path file, Precision precision, String device, boolean toTrain) {
    try (Gguf gguf = Gguf.open(file)) {
      GgufTokenizer tokenizer = GgufTokenizer.of(gguf);
      try {
        ChatTemplate template = JinjaChatTemplate.of(gguf, tokenizer);
        Decoder decoder = Decoder.load(gguf, precision, TorchEngine.device(device), toTrain);
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

  int lanes() {
    return lanes.count();
  }

  Decoder decoder() {
    return decoder;
  }

  /** Multiplies with all layers' matrices only, as one pass or as one in each lane. */
  synchronized double multiplyOnly(int tokens, boolean sideBySide) {
    int passes = sideBySide ? lanes.count() : 1;
    return lanes.run(Collections.nCopies(passes, tokens), decoder::multiplyOnly).stream()
        .mapToDouble(Double::doubleValue)
        .sum();
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
  public List<Generated> generate(List<Generation> requests) {
    requests.forEach(this::check);
    Generator generator = new Generator(decoder::next, tokenizer, prefixes);
    return guarded(() -> generator.generate(requests, lanes));
  }

  @Override
  public List<Generated> generate(LoraAdapter adapter, List<Generation> requests) {
    requests.forEach(this::check);
    return guarded(() -> adapted.generate(adapter, requests));
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
      long now = System.nanoTime();
      if (now - trimmed > TRIM_NANOS) {
        trimmed = now;
        TorchEngine.trim();
      }
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

  /** What a conversation's answer is made of: its words and the end of the turn. */
  public int[] completion(String answer) {
    IntStream end = IntStream.of(tokenizer.endOfTurn()).filter(token -> token >= 0);
    return IntStream.concat(IntStream.of(tokenizer.encode(answer)), end).toArray();
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
    List<List<Packing.Piece>> passes = packing.passes(requests, cached, lanes.count());
    List<List<Sequence>> sequences =
        lanes.alone(() -> passes.stream().map(pass -> sequences(requests, pass)).toList());
    List<List<float[]>> results = lanes.run(sequences, decoder::score);
    for (int p = 0; p < passes.size(); p++) {
      List<float[]> scored = results.get(p);
      for (int i = 0; i < scored.size(); i++) {
        Packing.Piece piece = passes.get(p).get(i);
        int[] owners = piece.tree().owners();
        for (int o = 0; o < owners.length; o++) {
          int candidate = piece.candidates().get(owners[o]);
          sums.get(piece.request())[candidate] += scored.get(i)[o];
        }
      }
    }
    return sums.stream().map(Scores::new).toList();
  }

  private List<Sequence> sequences(List<Scoring> requests, List<Packing.Piece> pass) {
    return pass.stream()
        .map(
            piece ->
                new Sequence(
                    piece.tree(),
                    prefixes.front(requests.get(piece.request()).prompt(), piece.cached())))
        .toList();
  }

  /** How much of a prompt is worth taking from the cache; its last token is always computed. */
  static int cached(int shared, int[] prompt) {
    int most = Math.min(shared, prompt.length - 1);
    return most < MIN_SHARED ? 0 : most;
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

  private void check(Generation request) {
    checkPrompt(request.prompt());
    checkLength(request.prompt().length + Math.max(0, request.maxTokens()));
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
      lanes.close();
      prefixes.close();
      adapted.close();
      decoder.close();
      tokenizer.close();
    }
  }
}
