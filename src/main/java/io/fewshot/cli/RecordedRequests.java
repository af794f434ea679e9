package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.ladder.Ladder;
import io.fewshot.ladder.LadderSettings;
import io.fewshot.ladder.Message;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import io.fewshot.model.ChatTemplate;
import io.fewshot.model.Generated;
import io.fewshot.model.Generation;
import io.fewshot.model.LanguageModel;
import io.fewshot.model.Scores;
import io.fewshot.model.Scoring;
import io.fewshot.model.Tokenizer;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.prompt.PromptBuilder;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/**
 * Stands in for a language model and notes what the ladder asks of it, so that the engine is
 * measured on exactly the requests that messages lead to. Does not own the model that it stands
 * for.
 */
final class RecordedRequests implements LanguageModel {

  private final LanguageModel model;
  private final List<Scoring> requests = new ArrayList<>();

  private RecordedRequests(LanguageModel model) {
    this.model = model;
  }

  /** What the ladder asks of the language model for these messages. */
  static List<Scoring> of(
      Encoders encoders, TorchLanguageModel model, List<Example> examples, List<String> messages) {
    TaskDefinition task = BenchFiles.task(Rung.FEW_SHOT.label());
    List<Embedding> vectors =
        encoders.encode(task.language(), examples.stream().map(Example::getInput).toList());
    LadderSettings settings =
        new LadderSettings(
            EnumSet.of(Rung.NEIGHBOURS, Rung.FEW_SHOT), PromptBuilder.DEFAULT_BUDGET, 0, 0, 0);
    RecordedRequests recorded = new RecordedRequests(model);
    try (ExampleMemory memory = new ExampleMemory();
        Ladder ladder = new Ladder(encoders, memory, name -> recorded, settings)) {
      for (int i = 0; i < vectors.size(); i++) {
        Example example = examples.get(i);
        memory.put(
            StoredExample.undated(
                task.task(),
                example.getExampleId(),
                example.getInput(),
                example.getOutput(),
                vectors.get(i)));
      }
      for (String message : messages) {
        StoppedException.check();
        ladder.answer(List.of(new Message(task, message)));
      }
    }
    return recorded.requests();
  }

  private synchronized List<Scoring> requests() {
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
