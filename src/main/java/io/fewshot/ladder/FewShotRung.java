package io.fewshot.ladder;

import io.fewshot.model.LanguageModel;
import io.fewshot.model.Scores;
import io.fewshot.model.Scoring;
import io.fewshot.prompt.Prompt;
import io.fewshot.prompt.PromptBuilder;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The language model reads examples and message, and says how likely each candidate follows. How
 * likely it finds the candidate's words anyway is measured once for each label, after a prompt
 * without content (Zhao et al. 2021, "Calibrate Before Use"), and left to the fusion to discount.
 */
final class FewShotRung implements RungScorer {

  private static final String NO_CONTENT = "N/A";
  private static final int MAX_KEPT = 50_000;

  private final ModelSource models;
  private final int promptBudget;
  private final Map<Prior, Double> priors = new ConcurrentHashMap<>();

  private record Prior(String model, TaskDefinition task, String label) {}

  FewShotRung(ModelSource models, int promptBudget) {
    this.models = models;
    this.promptBudget = promptBudget;
  }

  @Override
  public Rung rung() {
    return Rung.FEW_SHOT;
  }

  /** All cases are of one task. */
  @Override
  public void score(List<Case> cases) {
    if (cases.isEmpty()) {
      return;
    }
    TaskDefinition task = cases.get(0).task();
    LanguageModel model = models.get(task.model());
    PromptBuilder builder = new PromptBuilder(model, promptBudget);
    List<String> unknown = unknown(task, model, cases);

    List<Scoring> requests = new ArrayList<>();
    for (Case item : cases) {
      Prompt prompt = builder.choose(task, item.promptShots(), item.text(), labels(item));
      item.prompted(
          prompt.ids().length, prompt.truncated(), () -> model.tokenizer().decode(prompt.ids()));
      requests.add(new Scoring(prompt.shared(), prompt.ids(), prompt.candidates()));
    }
    if (!unknown.isEmpty()) {
      Prompt prompt = builder.choose(task, List.of(), NO_CONTENT, unknown);
      requests.add(new Scoring(prompt.shared(), prompt.ids(), prompt.candidates()));
    }
    List<Scores> scores = model.score(requests);

    if (!unknown.isEmpty()) {
      double[] found = scores.get(cases.size()).logLikelihoods();
      for (int i = 0; i < found.length; i++) {
        priors.put(new Prior(model.version(), task, unknown.get(i)), found[i]);
      }
    }
    for (int i = 0; i < cases.size(); i++) {
      set(cases.get(i), model.version(), scores.get(i).logLikelihoods());
    }
  }

  private void set(Case item, String model, double[] likelihoods) {
    List<Candidate> candidates = item.candidates();
    double[] before = new double[likelihoods.length];
    double best = Double.NEGATIVE_INFINITY;
    double bestBefore = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < likelihoods.length; c++) {
      before[c] =
          priors.getOrDefault(new Prior(model, item.task(), candidates.get(c).label()), 0.0);
      best = Math.max(best, likelihoods[c]);
      bestBefore = Math.max(bestBefore, before[c]);
    }
    for (int c = 0; c < likelihoods.length; c++) {
      candidates.get(c).set(Feature.LIKELIHOOD, likelihoods[c] - best);
      candidates.get(c).set(Feature.PRIOR, before[c] - bestBefore);
    }
  }

  private List<String> unknown(TaskDefinition task, LanguageModel model, List<Case> cases) {
    if (priors.size() > MAX_KEPT) {
      priors.clear();
    }
    Set<String> unknown = new LinkedHashSet<>();
    for (Case item : cases) {
      for (String label : labels(item)) {
        if (!priors.containsKey(new Prior(model.version(), task, label))) {
          unknown.add(label);
        }
      }
    }
    return List.copyOf(unknown);
  }

  private static List<String> labels(Case item) {
    return item.candidates().stream().map(Candidate::label).toList();
  }
}
