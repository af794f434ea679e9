package io.fewshot.ladder;

import static io.fewshot.ladder.FineTunedPrompt.MAX_ANSWER_TOKENS;

import io.fewshot.memory.Neighbour;
import io.fewshot.model.Generated;
import io.fewshot.model.Generation;
import io.fewshot.model.LanguageModel;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Prompt;
import io.fewshot.prompt.PromptBuilder;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.Shot;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Answers of tasks that extract or generate: the language model writes them. Where it may not be
 * asked, the output of the nearest example is offered, with no confidence.
 */
final class WrittenAnswers {

  /**
   * Being fluent is not being right: what the language model writes as it is is trusted no further,
   * since nobody has judged any of it. A fine-tuned one was judged before it was released.
   */
  private static final double MOST_TRUST = 0.5;

  private static final Pattern FENCE = Pattern.compile("(?s)```(?:json)?\\s*(.*?)\\s*```");

  private final ModelSource models;
  private final int promptBudget;

  WrittenAnswers(ModelSource models, int promptBudget) {
    this.models = models;
    this.promptBudget = promptBudget;
  }

  /** A message and the name of its encoder. */
  record Asked(Case item, String encoder) {}

  /**
   * @param tuned writes in place of the language model as it is; it needs no examples
   */
  List<Answer> answer(
      TaskDefinition task, List<Asked> asked, Optional<FineTuned> tuned, Optional<Proof> proof) {
    LanguageModel model = models.get(task.model());
    List<Prompt> prompts = new ArrayList<>();
    for (Asked each : asked) {
      Case item = each.item;
      prompts.add(
          tuned.isPresent()
              ? FineTunedPrompt.write(model, task, item.text(), promptBudget)
              : new PromptBuilder(model, promptBudget)
                  .write(task, item.promptShots(), item.text(), MAX_ANSWER_TOKENS));
    }
    List<Generation> requests =
        prompts.stream()
            .map(p -> new Generation(p.shared(), p.ids(), MAX_ANSWER_TOKENS, List.of()))
            .toList();
    List<Generated> written =
        tuned.isPresent()
            ? model.generate(tuned.get().adapter(), requests)
            : model.generate(requests);
    Rung rung = tuned.isPresent() ? Rung.FINE_TUNED : Rung.FEW_SHOT;
    String suffix = tuned.map(release -> "+lora-" + release.version()).orElse("");
    List<Answer> answers = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      String version = asked.get(i).encoder + "+" + model.version() + suffix;
      Prompt prompt = prompts.get(i);
      Supplier<String> text = () -> model.tokenizer().decode(prompt.ids());
      Generated said = written.get(i);
      double confidence =
          tuned
              .map(release -> release.confidence().of(probability(said)))
              .orElseGet(() -> MOST_TRUST * fluency(said));
      answers.add(answer(task, rung, prompt, text, said, confidence, version, proof));
    }
    return answers;
  }

  /** Brings a release to where it is computed with, and its prompt's front with it. */
  void warmUp(TaskDefinition task, FineTuned release) {
    LanguageModel model = models.get(task.model());
    Prompt prompt = FineTunedPrompt.write(model, task, task.instruction(), promptBudget);
    model.generate(
        release.adapter(), List.of(new Generation(prompt.shared(), prompt.ids(), 1, List.of())));
  }

  private static Answer answer(
      TaskDefinition task,
      Rung rung,
      Prompt prompt,
      Supplier<String> text,
      Generated written,
      double sure,
      String version,
      Optional<Proof> proof) {
    String output = written.text().strip();
    double confidence = written.finished() && !output.isEmpty() ? sure : 0;
    if (task.kind() == Kind.EXTRACT) {
      String json = Json.parse(withoutFence(output)).orElse(null);
      confidence = json == null ? 0 : confidence;
      output = json == null ? output : json;
    }
    boolean accepted =
        confidence > 0
            && confidence >= Acceptance.accepts(task, Calibration.defaults(Set.of(rung)), proof);
    return answer(
        output.isEmpty() ? null : output,
        confidence,
        rung,
        prompt.used().stream().map(Shot::id).toList(),
        version,
        prompt,
        text,
        accepted);
  }

  /** Where the language model may not be asked: the output of the nearest example. */
  static Answer copied(Asked asked) {
    List<Neighbour> shots = asked.item.shots();
    @Nullable String output = shots.isEmpty() ? null : shots.get(0).example().output();
    List<String> ids = shots.stream().map(shot -> shot.example().id()).toList();
    return answer(output, 0, Rung.NEIGHBOURS, ids, asked.encoder, null, null, false);
  }

  private static Answer answer(
      @Nullable String output,
      double confidence,
      Rung rung,
      List<String> exampleIds,
      String version,
      @Nullable Prompt prompt,
      @Nullable Supplier<String> text,
      boolean accepted) {
    return new Answer(
        output,
        confidence,
        output == null ? List.of() : List.of(new Answer.Option(output, confidence)),
        rung,
        exampleIds,
        version,
        prompt == null ? 0 : prompt.ids().length,
        prompt != null && prompt.truncated(),
        accepted,
        false,
        text);
  }

  /** Models like to wrap JSON in a Markdown fence. */
  private static String withoutFence(String output) {
    Matcher fenced = FENCE.matcher(output);
    return fenced.matches() ? fenced.group(1) : output;
  }

  /** Of a word, in the geometric mean. */
  private static double fluency(Generated written) {
    return Math.exp(Arrays.stream(written.logProbabilities()).average().orElse(-20));
  }

  /** Of the whole answer. */
  private static double probability(Generated written) {
    return Math.exp(Arrays.stream(written.logProbabilities()).sum());
  }
}
