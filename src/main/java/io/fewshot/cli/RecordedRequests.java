package io.fewshot.cli;

import io.fewshot.model.ChatTemplate;
import io.fewshot.model.Generated;
import io.fewshot.model.Generation;
import io.fewshot.model.LanguageModel;
import io.fewshot.model.Scores;
import io.fewshot.model.Scoring;
import io.fewshot.model.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * Stands in for a language model and notes what the ladder asks of it, so that the engine is
 * measured on exactly the requests that messages lead to. Does not own the model that it stands
 * for.
 */
final class RecordedRequests implements LanguageModel {

  private final LanguageModel model;
  private final List<Scoring> requests = new ArrayList<>();

  RecordedRequests(LanguageModel model) {
    this.model = model;
  }

  synchronized List<Scoring> requests() {
    return List.copyOf(requests);
  }

  @Override
  public synchronized List<Scores> score(List<Scoring> asked) {
    requests.addAll(asked);
    return asked.stream().map(r -> new Scores(new double[r.candidates().size()])).toList();
  }

  @Override
  public List<Generated> generate(List<Generation> asked) {
    throw new UnsupportedOperationException("only tasks that classify are measured");
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

  @Override
  public void close() {
    // Its owner closes the model.
  }
}
