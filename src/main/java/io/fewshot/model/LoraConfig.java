package io.fewshot.model;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * What an adapter of low rank changes (Hu et al. 2021, LoRA): the weights W of each module become W
 * + alpha / rank · B A.
 *
 * @param rank rows of A and columns of B
 * @param alpha the change is scaled by alpha / rank
 * @param modules of every layer; at least one
 */
public record LoraConfig(int rank, double alpha, Set<LoraModule> modules) {

  public static final LoraConfig STANDARD = new LoraConfig(8, 16, EnumSet.allOf(LoraModule.class));

  private static final int MAX_RANK = 256;

  public LoraConfig {
    modules = Set.copyOf(modules);
    if (rank < 1 || rank > MAX_RANK || !(alpha > 0) || modules.isEmpty()) {
      throw new ModelException(
          "An adapter of rank %d, alpha %s on %s makes no sense: take a rank from 1 to %d"
              .formatted(rank, alpha, modules, MAX_RANK));
    }
  }

  /**
   * @param targets as in PEFT's {@code target_modules}
   * @throws ModelException when one of them is unknown
   */
  public static LoraConfig of(int rank, double alpha, Collection<String> targets) {
    Set<LoraModule> modules = EnumSet.noneOf(LoraModule.class);
    Set<String> unknown = new TreeSet<>(targets);
    for (LoraModule module : LoraModule.values()) {
      if (unknown.remove(module.target())) {
        modules.add(module);
      }
    }
    if (!unknown.isEmpty()) {
      throw new ModelException("An adapter's modules " + unknown + " are not supported");
    }
    return new LoraConfig(rank, alpha, modules);
  }

  /** Rank of a module; 0 when it stays as it is. */
  int rankOf(LoraModule module) {
    return modules.contains(module) ? rank : 0;
  }

  double scale() {
    return alpha / rank;
  }
}
