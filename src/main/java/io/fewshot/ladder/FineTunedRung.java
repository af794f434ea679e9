package io.fewshot.ladder;

import io.fewshot.model.LanguageModel;
import io.fewshot.prompt.Rung;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What one version of a task's fine-tuned classifier says about the candidates. What it finds
 * likely itself becomes a candidate too.
 */
record FineTunedRung(FineTuned release, ModelSource models) implements RungScorer {

  /** Keeps the logarithm finite: below that, labels are equally unlikely. */
  private static final double FLOOR = 0.003;

  /** What a label that came after the training is given: as if it had this probability. */
  private static final double UNSEEN = 0.03;

  /** Less likely ones need not be added to the neighbours' candidates. */
  private static final double WORTH_ADDING = 0.02;

  @Override
  public Rung rung() {
    return Rung.FINE_TUNED;
  }

  @Override
  public void score(List<Case> cases) {
    if (cases.isEmpty()) {
      return;
    }
    LanguageModel model = models.get(release.model());
    List<int[]> prompts =
        cases.stream()
            .map(
                item ->
                    FineTunedPrompt.classify(model.tokenizer(), item.text(), release.maxTokens()))
            .toList();
    List<double[]> answers = model.classify(release.adapter(), prompts);
    for (int i = 0; i < cases.size(); i++) {
      if (cases.get(i).promptTokens() == 0) {
        int[] prompt = prompts.get(i);
        boolean cut = prompt.length >= release.maxTokens();
        cases.get(i).prompted(prompt.length, cut, () -> model.tokenizer().decode(prompt));
      }
      set(cases.get(i), release.tempered(answers.get(i)));
    }
  }

  private void set(Case item, double[] p) {
    List<String> labels = release.labels();
    Map<String, Double> likely = new LinkedHashMap<>();
    IntStream.range(0, p.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -p[i]))
        .filter(i -> p[i] > WORTH_ADDING && item.labels().set().contains(labels.get(i)))
        .forEach(i -> likely.put(labels.get(i), p[i]));
    item.add(likely.keySet());
    for (Candidate candidate : item.candidates()) {
      int index = labels.indexOf(candidate.label());
      double probability = index < 0 ? UNSEEN : p[index];
      candidate.set(Feature.TUNED, Math.log(probability + FLOOR));
    }
  }
}
