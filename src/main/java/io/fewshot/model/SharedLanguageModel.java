package io.fewshot.model;

import io.fewshot.model.BatchingQueue.Lane;
import io.fewshot.model.BatchingQueue.Listener;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A language model whose calls are joined into batches across threads. Owns the model that it is
 * given.
 */
public final class SharedLanguageModel implements LanguageModel {

  private static final int CAPACITY = 4096;

  /** Tokens of a batch: enough to fill the cores, little enough to answer within a second or so. */
  private static final int MAX_BATCH_TOKENS = 4096;

  private final LanguageModel model;
  private final BatchingQueue<Request, Result> queue;

  private sealed interface Request {
    int tokens();
  }

  private record Score(Scoring scoring) implements Request {

    @Override
    public int tokens() {
      int prompt = scoring.prompt().length;
      int own = prompt - Math.min(Math.max(scoring.shared(), 0), prompt);
      return own + scoring.candidates().stream().mapToInt(candidate -> candidate.length).sum();
    }
  }

  /** Whose adapter a request is computed with, and how: only what is alike is joined. */
  private record Kind(Class<?> request, @Nullable LoraAdapter adapter) {

    static Kind of(Request request) {
      LoraAdapter adapter = null;
      if (request instanceof Generate generate) {
        adapter = generate.adapter;
      } else if (request instanceof Classify classify) {
        adapter = classify.adapter;
      }
      return new Kind(request.getClass(), adapter);
    }
  }

  private record Generate(@Nullable LoraAdapter adapter, Generation generation) implements Request {

    @Override
    public int tokens() {
      return generation.prompt().length + generation.maxTokens();
    }
  }

  private record Classify(LoraAdapter adapter, int[] prompt) implements Request {

    @Override
    public int tokens() {
      return prompt.length;
    }
  }

  private sealed interface Result {}

  private record Scored(Scores scores) implements Result {}

  private record Continued(Generated generated) implements Result {}

  private record Classified(double[] probabilities) implements Result {}

  public SharedLanguageModel(LanguageModel model, Listener listener) {
    this.model = model;
    this.queue =
        new BatchingQueue<>(
            "model " + model.version(),
            this::compute,
            Request::tokens,
            CAPACITY,
            MAX_BATCH_TOKENS,
            listener);
  }

  private List<Result> compute(List<Request> requests) {
    Result[] results = new Result[requests.size()];
    Map<Kind, List<Integer>> kinds = new LinkedHashMap<>();
    for (int i = 0; i < results.length; i++) {
      kinds.computeIfAbsent(Kind.of(requests.get(i)), key -> new ArrayList<>()).add(i);
    }
    for (List<Integer> places : kinds.values()) {
      List<Result> some = computeAlike(places.stream().map(requests::get).toList());
      for (int i = 0; i < some.size(); i++) {
        results[places.get(i)] = some.get(i);
      }
    }
    return List.of(results);
  }

  /** Requests of one kind, and by one adapter where they are of any. */
  private List<Result> computeAlike(List<Request> requests) {
    Request first = requests.get(0);
    if (first instanceof Score) {
      List<Scoring> all = requests.stream().map(request -> ((Score) request).scoring).toList();
      return model.score(all).stream().<Result>map(Scored::new).toList();
    }
    if (first instanceof Generate generate) {
      List<Generation> all =
          requests.stream().map(request -> ((Generate) request).generation).toList();
      List<Generated> continued =
          generate.adapter == null ? model.generate(all) : model.generate(generate.adapter, all);
      return continued.stream().<Result>map(Continued::new).toList();
    }
    List<int[]> prompts = requests.stream().map(request -> ((Classify) request).prompt).toList();
    return model.classify(((Classify) first).adapter, prompts).stream()
        .<Result>map(Classified::new)
        .toList();
  }

  @Override
  public List<Scores> score(List<Scoring> requests) {
    List<Request> wrapped = requests.stream().<Request>map(Score::new).toList();
    return queue.call(wrapped, Lane.NORMAL).stream().map(r -> ((Scored) r).scores).toList();
  }

  @Override
  public List<Generated> generate(List<Generation> requests) {
    return continued(null, requests);
  }

  @Override
  public List<Generated> generate(LoraAdapter adapter, List<Generation> requests) {
    return continued(adapter, requests);
  }

  private List<Generated> continued(@Nullable LoraAdapter adapter, List<Generation> requests) {
    List<Request> wrapped =
        requests.stream().<Request>map(request -> new Generate(adapter, request)).toList();
    return queue.call(wrapped, Lane.NORMAL).stream().map(r -> ((Continued) r).generated).toList();
  }

  @Override
  public List<double[]> classify(LoraAdapter adapter, List<int[]> prompts) {
    List<Request> wrapped =
        prompts.stream().<Request>map(prompt -> new Classify(adapter, prompt)).toList();
    return queue.call(wrapped, Lane.NORMAL).stream()
        .map(r -> ((Classified) r).probabilities)
        .toList();
  }

  /** Requests that wait to be computed. */
  public int waiting() {
    return queue.waiting();
  }

  @Override
  public String version() {
    return model.version();
  }

  @Override
  public int contextLength() {
    return model.contextLength();
  }

  @Override
  public Tokenizer tokenizer() {
    return model.tokenizer();
  }

  @Override
  public ChatTemplate chatTemplate() {
    return model.chatTemplate();
  }

  /** Lets the batch in progress end, then frees the model. */
  @Override
  public void close() {
    queue.close();
    model.close();
  }
}
