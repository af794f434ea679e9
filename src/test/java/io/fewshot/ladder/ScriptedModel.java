package io.fewshot.ladder;

import io.fewshot.model.ChatTemplate;
import io.fewshot.model.Generated;
import io.fewshot.model.Generation;
import io.fewshot.model.LanguageModel;
import io.fewshot.model.Scores;
import io.fewshot.model.Scoring;
import io.fewshot.model.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** A language model that says what it is told to say; its tokens are characters. */
final class ScriptedModel implements LanguageModel {

  private String preferred = "";
  private String text = "";
  private int prompts;

  void prefers(String candidate) {
    preferred = candidate;
  }

  void writes(String answer) {
    text = answer;
  }

  int prompts() {
    return prompts;
  }

  @Override
  public String version() {
    return "scripted";
  }

  @Override
  public int contextLength() {
    return 4096;
  }

  @Override
  public synchronized List<Scores> score(List<Scoring> requests) {
    prompts += requests.size();
    return requests.stream().map(this::score).toList();
  }

  private Scores score(Scoring request) {
    boolean content = !tokenizer().decode(request.prompt()).contains("N/A");
    return new Scores(
        request.candidates().stream()
            .map(ids -> tokenizer().decode(ids).strip())
            .mapToDouble(candidate -> content && candidate.equals(preferred) ? -1 : -8)
            .toArray());
  }

  @Override
  public List<Generated> generate(List<Generation> requests) {
    int[] ids = tokenizer().encode(text);
    double[] certain = new double[ids.length];
    Arrays.fill(certain, -0.05);
    return requests.stream().map(request -> new Generated(text, ids, certain, true)).toList();
  }

  @Override
  public Tokenizer tokenizer() {
    return new Tokenizer() {
      @Override
      public int[] encode(String plain) {
        return plain.chars().toArray();
      }

      @Override
      public int[] encodeTemplate(String template) {
        return encode(template);
      }

      @Override
      public String decode(int[] ids) {
        return Arrays.stream(ids).mapToObj(Character::toString).collect(Collectors.joining());
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public ChatTemplate chatTemplate() {
    return new ChatTemplate() {
      @Override
      public String render(List<Turn> turns, boolean openAnswer) {
        return turns.stream().map(Turn::content).collect(Collectors.joining("\n"));
      }

      @Override
      public Tokens encode(List<Turn> turns, boolean openAnswer) {
        return new Tokens(tokenizer().encode(render(turns, openAnswer)), new int[turns.size()]);
      }
    };
  }

  @Override
  public void close() {}
}
