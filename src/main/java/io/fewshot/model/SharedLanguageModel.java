package io.fewshot.model;

import io.fewshot.model.BatchingQueue.Lane;
import io.fewshot.model.BatchingQueue.Listener;
import java.util.List;

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

  private record Generate(Generation generation) implements Request {

    @Override
    public int tokens() {
      return generation.prompt().length + generation.maxTokens();
    }
  }

  private sealed interface Result {}

  private record Scored(Scores scores) implements Result {}

  private record Continued(Generated generated) implements Result {}

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
    List<Scoring> scorings =
        requests.stream().filter(Score.class::isInstance).map(r -> ((Score) r).scoring).toList();
    List<Generation> generations =
        requests.stream()
            .filter(Generate.class::isInstance)
            .map(r -> ((Generate) r).generation)
            .toList();
    var scores = (scorings.isEmpty() ? List.<Scores>of() : model.score(scorings)).iterator();
    var texts =
        (generations.isEmpty() ? List.<Generated>of() : model.generate(generations)).iterator();
    return requests.stream()
        .<Result>map(
            request ->
                request instanceof Score ? new Scored(scores.next()) : new Continued(texts.next()))
        .toList();
  }

  @Override
  public List<Scores> score(List<Scoring> requests) {
    List<Request> wrapped = requests.stream().<Request>map(Score::new).toList();
    return queue.call(wrapped, Lane.NORMAL).stream().map(r -> ((Scored) r).scores).toList();
  }

  @Override
  public List<Generated> generate(List<Generation> requests) {
    List<Request> wrapped = requests.stream().<Request>map(Generate::new).toList();
    return queue.call(wrapped, Lane.NORMAL).stream().map(r -> ((Continued) r).generated).toList();
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
