package io.fewshot.ladder;

import io.fewshot.prompt.PromptBuilder;
import io.fewshot.prompt.Rung;
import java.util.EnumSet;
import java.util.Set;

/**
 * How a process answers.
 *
 * @param runnable rungs that this process can run; those of a task that are not among them are
 *     passed over
 * @param promptBudget longest prompt with its answer, in tokens
 * @param sample how many stored examples a calibration answers again, each without itself
 * @param fewShotSample the same where the language model is asked, which takes a thousand times as
 *     long; 0 leaves that stage at its defaults
 * @param fineTunedSample the same where only the fine-tuned model is asked
 */
public record LadderSettings(
    Set<Rung> runnable, int promptBudget, int sample, int fewShotSample, int fineTunedSample) {

  public static final LadderSettings DEFAULTS =
      new LadderSettings(
          EnumSet.of(Rung.NEIGHBOURS, Rung.HEAD, Rung.FEW_SHOT, Rung.FINE_TUNED),
          PromptBuilder.DEFAULT_BUDGET,
          500,
          32,
          200);

  public LadderSettings {
    runnable = Set.copyOf(runnable);
  }

  public LadderSettings withRunnable(Set<Rung> rungs) {
    return new LadderSettings(rungs, promptBudget, sample, fewShotSample, fineTunedSample);
  }
}
