package io.fewshot.prompt;

import java.util.Arrays;
import java.util.Optional;

/** A way of answering, in order of cost. */
public enum Rung {
  /** A weighted vote of the nearest examples in the memory. */
  NEIGHBOURS("neighbours"),
  /** A linear head on the frozen encoder. */
  HEAD("head"),
  /** The language model with examples chosen for the message. */
  FEW_SHOT("few-shot"),
  /** The language model with a LoRA adapter. */
  FINE_TUNED("fine-tuned"),
  /** A person; never in a task's definition. */
  PEOPLE("people");

  private final String label;

  Rung(String label) {
    this.label = label;
  }

  /** The name used in task definitions and results. */
  public String label() {
    return label;
  }

  public static Optional<Rung> ofLabel(String label) {
    return Arrays.stream(values()).filter(rung -> rung.label.equals(label)).findFirst();
  }
}
